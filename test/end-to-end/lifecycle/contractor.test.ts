import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import model from '../../../access-model.json';
import { approver, contractor, finance, startLife, type Life } from './life';

const manager = { department: 'Sales', jobCode: 'SAL-AM-1', workerType: 'secondee' };

let life: Life;
beforeAll(async () => {
  const month = { expiration: { type: 'afterDuration', duration: 'P30D' } };
  const ofAMonth: Record<string, object> = {
    'customer-records': { renew: true },
    'payments-approval': {},
  };
  const accessPackages = model.accessPackages.map((one) =>
    one.key in ofAMonth
      ? { ...one, ...ofAMonth[one.key], policy: { ...one.policy, ...month } }
      : one,
  );
  life = await startLife({ files: { ACCESS_MODEL: { ...model, accessPackages } } });
});
afterAll(() => life.stop());

const endOf = async (account: string): Promise<string | null | undefined> => {
  const [held] = await life.assignments(account);
  return (held as { schedule?: { expiration: { endDateTime: string | null } } } | undefined)
    ?.schedule?.expiration.endDateTime;
};

test("a contractor's end is the end of the assignment, and an extension moves it", async () => {
  const { id, joined, corrected } = life.worker('W-1041');
  const account = await life.accountOf(id);
  const hire = joined('2026-11-02', contractor, { endDate: '2026-12-31' });
  expect(await life.ending(hire)).toBe('delivered');
  expect(await endOf(account)).toBe('2026-12-31T23:00:00.000Z');

  const extension = corrected(hire, {
    ...{ startDate: '2026-11-02', endDate: '2027-01-31', attributes: contractor },
  });
  expect(await life.ending(extension)).toBe('delivered');
  expect(await endOf(account)).toBe('2027-01-31T23:00:00.000Z');
  expect(await life.rows(extension)).toEqual(['extend contractors: extended']);
  expect(await life.has(account)).toEqual(['Contractors']);
});

test('an extension on the last day is made in time', async () => {
  const { id, joined, corrected } = life.worker('W-1043');
  const account = await life.accountOf(id);
  const hire = joined('2026-11-02', contractor, { endDate: '2026-11-27' });
  expect(await life.ending(hire)).toBe('delivered');
  expect(await endOf(account)).toBe('2026-11-27T23:00:00.000Z');

  const content = { startDate: '2026-11-02', attributes: contractor };
  expect(await life.ending(corrected(hire, { ...content, endDate: '2026-12-31' }))).toBe(
    'delivered',
  );
  expect(await endOf(account)).toBe('2026-12-31T23:00:00.000Z');
  const open = corrected(hire, content);
  expect(await life.ending(open)).toBe('delivered');
  // The policy lets nothing last longer than 180 days.
  const end = Date.parse((await endOf(account)) ?? '');
  expect(Math.round((end - life.stack.now().getTime()) / 86_400_000)).toBe(180);
  expect(await life.rows(open)).toEqual(['extend contractors: extended']);
});

test.each([
  ['is given again where the model says so', 'W-1044', manager, 'delivered', 'delivered'],
  ['is reported elsewhere', 'W-1045', approver, 'needs-attention: policy-ended', 'needs-attention'],
])('what the policy ends %s', async (_, workerId, attributes, outcome, row) => {
  const { id, joined } = life.worker(workerId);
  const account = await life.accountOf(id);
  expect(await life.ending(joined('2026-11-02', attributes))).toBe('delivered');
  const before = await life.has(account);
  const end = (await endOf(account)) ?? '';
  await life.stack.advance(new Date(end));
  const woken = { source: 'urn:joinery:clock', id: `${id}@${end}`, type: '', data: {} };
  const closed = await life.closed(woken);
  expect([closed['outcome'], closed['reason']].filter(Boolean).join(': ')).toBe(outcome);
  expect(await life.rows(woken)).toEqual([expect.stringMatching(`^grant .*: ${row}$`)]);
  expect(await life.has(account)).toEqual(row === 'delivered' ? before : []);
});

test('a package that the model no longer has is removed by what the records say', async () => {
  const { id, joined, left } = life.worker('W-1042');
  const account = await life.accountOf(id);
  await life.ending(joined('2026-11-02', finance));
  const without = {
    ...model,
    accessPackages: model.accessPackages.filter(({ key }) => key !== 'finance'),
    birthrights: model.birthrights.filter(({ packages }) => !packages.includes('finance')),
  };
  await writeFile(join(life.stack.dataDir, 'access_model.json'), JSON.stringify(without));
  await life.stack.kill('host', 'SIGTERM');
  await life.stack.start('host');
  const leave = left({ lastDay: '2026-11-20' });
  expect(await life.ending(leave)).toBe('revoked');
  expect(await life.rows(leave)).toEqual(['revoke finance: revoked']);
  expect(await life.has(account)).toEqual([]);
});

test('every invariant holds', async () => {
  expect(await life.faults()).toEqual([]);
});
