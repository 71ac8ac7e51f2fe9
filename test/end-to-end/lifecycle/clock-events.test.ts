import { text } from '../../resilience/invariants/rows';
import { messageOf } from '../../support/events';
import { eventually } from '../../support/eventually';
import { readTable, type Row } from '../../support/tables';
import { contractor, finance, startLife, type Event, type Life } from './life';

const START = new Date('2026-11-20T12:00:00Z');

let life: Life;
beforeAll(async () => {
  life = await startLife({
    now: START,
    env: { SUPERVISE_SCHEDULE: '*/2 * * * * *', CALL_PATIENCE: '90d', DELIVERY_DEADLINE: '90d' },
  });
});
afterAll(() => life.stop());

/** The end of an event that the app made itself. */
const clockEvent = (id: string): Promise<Row> =>
  eventually(`${id} is closed`, async () => {
    const { eventHash } = messageOf({ source: 'urn:joinery:clock', id });
    const filter = `PartitionKey eq '${eventHash}' and RowKey eq 'claim' and state eq 'closed'`;
    return (await readTable(life.stack.storage, 'claims', filter))[0];
  });

test('a contractor whose policy forbids a schedule loses the access at the end, by an event of the clock', async () => {
  const first = life.worker('W-1030');
  await life.ending(first.joined('2026-11-02', contractor));
  const { policies } = await life.tenant();
  for (const policy of policies as { id: string; requestorSettings?: object }[]) {
    const requestorSettings = { ...policy.requestorSettings, allowCustomAssignmentSchedule: false };
    await life.control('PATCH', `policies/${policy.id}`, { requestorSettings });
  }
  // A process remembers for a minute what the policy says.
  await life.stack.kill('host', 'SIGTERM');
  await life.stack.start('host');

  const { id, joined } = life.worker('W-1041');
  const account = await life.accountOf(id);
  const hire = joined('2026-11-02', contractor, { endDate: '2026-12-31' });
  expect(await life.ending(hire)).toBe('delivered');
  const { eventHash } = messageOf(hire);
  const settled = await readTable(
    life.stack.storage,
    'audit',
    `PartitionKey eq '${eventHash}' and kind eq 'settled' and step eq 'assign'`,
  );
  expect(settled).toMatchObject([{ outcome: 'delivered', reason: 'schedule-forbidden' }]);

  const end = new Date('2026-12-31T23:00:00.000Z');
  await life.stack.advance(new Date(end.getTime() - 60_000));
  expect(await life.has(account)).toEqual(['Contractors']);
  await life.stack.advance(end);
  expect(await clockEvent(`${id}@${end.toISOString()}`)).toMatchObject({ outcome: 'revoked' });
  expect(await life.has(account)).toEqual([]);
});

test('a request that is approved after its run closed and its worker left is found, and what it gave is removed', async () => {
  const { id, joined, left } = life.worker('W-1042');
  const account = await life.accountOf(id);
  const reliability = { department: 'Engineering', jobCode: 'ENG-SRE-1', workerType: 'secondee' };
  expect(await life.ending(joined('2026-11-02', reliability))).toBe('partly-delivered');
  expect(await life.ending(left({ lastDay: '2026-12-30' }))).toBe('approval-required');
  const open = (await life.tenant()).requests.find(
    ({ targetId, state }) => targetId === account && state === 'pendingApproval',
  );
  await life.approve(open?.id);
  expect(await life.has(account)).toContain('Production Access');
  await life.stack.advance('2h');
  expect(await clockEvent(`${id}@${open?.id}`)).toMatchObject({ outcome: 'revoked' });
  expect(await life.has(account)).toEqual([]);
});

test('a move that takes something on its day and ends a contract later does not wait for the later end', async () => {
  const { id, joined, moved } = life.worker('W-1043');
  const account = await life.accountOf(id);
  const developer = { ...contractor, department: 'Engineering', jobCode: 'ENG-SE-1' };
  expect(await life.ending(joined('2026-11-02', developer))).toBe('delivered');
  expect(await life.has(account)).toEqual(['Contractors', 'Source Code']);
  const move = moved('2027-02-01', contractor, { endDate: '2027-03-31' });
  const day = new Date('2027-01-31T23:00:00.000Z');
  await life.say(move);
  await eventually('the move waits for its day', async () =>
    text(await life.claim(move), 'waiting').includes(day.toISOString()),
  );
  await life.stack.advance(day);
  expect(await life.closed(move)).toMatchObject({ outcome: 'revoked' });
  expect(await life.rows(move)).toContain('revoke source-code: revoked');
  expect(await life.has(account)).toEqual(['Contractors']);
});

test('a last day that is put off is waited for: nothing is said to be revoked when the old one passes', async () => {
  const { id, joined, left } = life.worker('W-1044');
  const account = await life.accountOf(id);
  expect(await life.ending(joined('2026-11-02', finance))).toBe('delivered');
  const [leave, later] = [left({ lastDay: '2027-04-23' }), left({ lastDay: '2027-04-30' })];
  const isParkedUntil = (event: Event, until: string) =>
    eventually(`${event.id} is parked until ${until}`, async () => {
      const waiting = JSON.stringify((await life.claim(event))?.['waiting'] ?? '');
      return waiting.includes('parked') && waiting.includes(until);
    });
  await life.say(leave);
  await isParkedUntil(leave, '2027-04-23');
  await life.say(later);
  await isParkedUntil(later, '2027-04-30');
  await life.stack.advance(new Date('2027-04-25T12:00:00Z'));
  expect(await life.closed(leave)).toMatchObject({ outcome: 'superseded' });
  await isParkedUntil(later, '2027-04-30');
  expect(await life.has(account)).toEqual(['Finance']);
  await life.stack.advance(new Date('2027-04-30T22:00:00Z'));
  expect(await life.closed(later)).toMatchObject({ outcome: 'revoked' });
  expect(await life.has(account)).toEqual([]);
});

test('every invariant holds', async () => {
  expect(await life.faults()).toEqual([]);
});
