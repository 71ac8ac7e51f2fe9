import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { commands } from '../../../cli/commands';
import type { AccessContent } from '../../../shared/reports/access';
import type { Evidence } from '../../../shared/reports/evidence';
import { jsonHash } from '../../../shared/domain/events/keys';
import { runCommand } from '../../support/run-command';
import { openStorage, type Storage } from '../../support/storage';
import { recordEvent, SOURCE } from './recorded-events';

const ACCOUNT = '20000000-0000-4000-8000-000000000001';
const PERIOD = ['--from', '2026-11-20', '--to', '2026-11-21'];

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
  for (let at = 100; at < 160; at += 1) await granted(`W-${at}`);
});
afterAll(() => storage.close());

const step = { kind: 'settled', step: 'assign', action: 'grant', targetId: ACCOUNT } as const;
const granted = (workerId: string, changes = {}) =>
  recordEvent(storage, {
    ...{ id: `join-${workerId}`, workerId },
    rows: [
      { ...step, kind: 'intended', step: 'ensure' },
      { ...step, step: 'ensure', outcome: 'complete' },
      {
        ...{
          ...step,
          outcome: 'delivered',
          ruleId: 'finance-staff',
          modelApproval: 'not-required',
        },
        ...{ ruleDescription: 'Employees of Finance.', readyBy: '2026-11-23T08:00:00.000Z' },
        ...{ deliveredAt: '2026-11-20T09:30:02.000Z', marginMinutes: 4229.97 },
        ...changes,
      },
    ],
    end: { outcome: 'delivered' },
  });

const report = (...args: string[]) =>
  runCommand(['report', ...args, '--by', 'auditor'], {
    ServiceBus: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=k',
    RECORDS_STORAGE: storage.connectionString,
    AUDIT_STORAGE: storage.connectionString,
    EVENT_SOURCES: SOURCE,
  });

/** The report as JSON, of which its schema holds and its hash is right. */
async function reported<Content extends Evidence['content']>(
  name: string,
  ...args: string[]
): Promise<Evidence<Content> & { code: number | null }> {
  const { code, stdout, stderr } = await report(name, ...args, '--json');
  expect(stderr).toBe('');
  const { output = z.object() } = commands.find((one) => one.name === `report ${name}`) ?? {};
  const evidence = output.parse(JSON.parse(stdout)) as unknown as Evidence<Content>;
  expect(evidence.hash).toBe(jsonHash(evidence.content));
  return { ...evidence, code };
}

test('a sample of 25 is answered within 5 s, and again by its command, byte for byte', async () => {
  // What else the machine does is no part of it: the fastest of three counts.
  const took: number[] = [];
  const timed = async <Answer>(act: () => Promise<Answer>): Promise<Answer> => {
    const began = Date.now();
    const answer = await act();
    took.push(Date.now() - began);
    return answer;
  };
  const sampled = (seed: string) =>
    timed(() => reported<AccessContent>('access', '--sample', '25', '--seed', seed, ...PERIOD));
  const first = await sampled('q4');
  expect(first.content.workers).toHaveLength(25);
  expect(first.content.lines).toHaveLength(25);
  expect(first.content.rows).toEqual({ in: 100, out: 25 });
  expect(first.content.lines[0]).toMatchObject({
    ...{ package: 'finance', rule: 'finance-staff', ruleDescription: 'Employees of Finance.' },
    ...{ dueAt: '2026-11-23T08:00:00.000Z', marginMinutes: 4229.97, proof: 'verified' },
  });
  // A new event and a later row change nothing of what had happened by then.
  await recordEvent(storage, { id: 'later', workerId: 'W-900', at: '2026-11-22T00:00:00.000Z' });
  const [program, group, ...words] = first.made.command.split(' ');
  expect([program, group]).toEqual(['joinery', 'report']);
  const { stdout } = await timed(() => report(...words, '--json'));
  expect(JSON.stringify((JSON.parse(stdout) as Evidence).content)).toBe(
    JSON.stringify(first.content),
  );
  const other = await sampled('q5');
  expect(other.content.workers).not.toEqual(first.content.workers);
  expect(Math.min(...took)).toBeLessThan(5_000);
});

test('given workers are told in full, what is unknown of them ends with 1, and a formula stays a text', async () => {
  await granted('W-1', {
    ruleDescription: '=HYPERLINK("http://evil.example";"a|b")',
    reason: '-1',
  });
  const { code, stdout } = await report('access', '--workers', 'W-1 W-404', '--csv');
  expect(code).toBe(1);
  const records = parse<Record<string, string>>(stdout, { comment: '#', columns: true });
  expect(records).toMatchObject([
    {
      ...{ worker: 'W-1', marginMinutes: '4229.97', reason: "'-1" },
      ruleDescription: `'=HYPERLINK("http://evil.example";"a|b")`,
    },
  ]);
  expect(stdout).toMatch(/^# command: joinery report access --workers W-1,W-404 --to /m);
  const markdown = (await report('access', '--workers', 'W-1,W-404')).stdout;
  expect(markdown).toContain('No change of access in the period: W-404.');
  expect(markdown).toContain('"a\\|b"');
});

test('a changed row is a fault of its line, and ends with 1', async () => {
  const key = await granted('W-2');
  const audit = storage.table('audit');
  const row = await audit.read(key, '0001-000003');
  await audit.replace(key, '0001-000003', { ...row?.columns, ruleId: 'x' }, row?.etag ?? '');
  const { code, content } = await reported<AccessContent>('access', '--workers', 'W-2');
  expect(code).toBe(1);
  expect(content.lines).toMatchObject([{ proof: 'fault' }]);
});
