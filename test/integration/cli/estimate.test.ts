import { runCommand } from '../../support/run-command';

const estimate = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runCommand(['estimate', ...args], {});
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

it('tells the minutes, the calls and the share of the quota, and warns of nothing that fits', async () => {
  expect(await estimate('--people', '10000')).toBe(
    [
      '10000 people with one package each: about 8 minutes',
      '  10000 requests, of which the last is made after 6 minutes at 20 writes a second',
      '  about 24000 calls to Graph; 5 % of the requests of three months',
      '',
    ].join('\n'),
  );
});

it('warns of more writes than the instances are expected to make, and of more requests than the quota', async () => {
  expect(await estimate('--people', '10', '--rate', '26')).not.toContain('takes longer');
  expect(await estimate('--people', '10', '--rate', '27')).toContain(
    'more writes a second than the instances of prod are expected to make (26)',
  );
  expect(await estimate('--people', '100', '--quota', '100')).not.toContain('--quota');
  expect(await estimate('--people', '101', '--quota', '100')).toContain(
    'raise the quota (--quota)',
  );
});
