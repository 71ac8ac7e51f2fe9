import model from '../../../access-model.json';
import { text } from '../../resilience/invariants/rows';
import { eventually } from '../../support/eventually';
import { finance, sales, startLife, type Life, type Worker } from './life';

let life: Life;
/** On the second of the two days between the employments. */
beforeAll(async () => {
  life = await startLife({
    now: new Date('2026-11-22T12:00:00Z'),
    files: { ACCESS_MODEL: { ...model, bridgeDays: 3 } },
  });
});
afterAll(() => life.stop());

async function employee(workerId: string) {
  const worker = life.worker(workerId);
  const join = worker.joined('2026-11-02', finance);
  expect(await life.ending(join)).toBe('delivered');
  return { ...worker, join, account: await life.accountOf(workerId) };
}

/** The first employment ends, another one has been stated already: what both give is kept, and nothing is requested. */
async function bridged({ left }: Worker, account: string, again: ReturnType<Worker['joined']>) {
  const before = await life.assignments(account);
  await life.state(again);
  const leave = left({ lastDay: '2026-11-20' });
  await life.ending(leave);
  expect(await life.rows(leave)).toEqual(['grant finance: already-held']);
  expect(await life.assignments(account)).toEqual(before);
}

test('somebody who comes back after two days keeps what both employments give', async () => {
  const { account, ...worker } = await employee('W-1051');
  await bridged(worker, account, worker.joined('2026-11-23', finance));
});

test('a contract that becomes an employment under a new number, two days later, costs no access', async () => {
  const { account, ...worker } = await employee('W-1052');
  const { joined } = life.worker('W-9052');
  await bridged(worker, account, joined('2026-11-23', finance, { previousWorkerId: 'W-1052' }));
});

test('somebody who comes back to another department loses in between what only the first gave, and gets on the day what the other gives', async () => {
  const { account, left, joined } = await employee('W-1053');
  const again = joined('2026-11-23', sales);
  await life.state(again);
  await eventually('it waits for its day', async () => {
    return text(await life.claim(again), 'waiting').includes('parked');
  });
  const leave = left({ lastDay: '2026-11-20' });
  expect(await life.ending(leave)).toBe('revoked');
  expect(await life.has(account)).toEqual([]);
  expect(await life.rows(leave)).toEqual(['revoke finance: revoked']);
  await life.stack.advance('12h');
  // By this event, or by the one of the clock.
  expect(['delivered', 'already-held']).toContain((await life.closed(again))['outcome']);
  expect(await life.has(account)).toEqual(['Sales']);
});

test('a hire that is rescinded while its account is missing ends without a request', async () => {
  const { joined, rescinded } = life.worker('W-9054');
  const join = joined('2026-11-02', finance);
  await life.state(join);
  expect(await life.ending(rescinded(join))).toBe('revoked');
  expect((await life.closed(join))['outcome']).toBe('rescinded');
  expect((await life.rows(join)).length).toBe(0);
});

test('a hire of the same date after a rescission counts', async () => {
  const { account, join, joined, rescinded } = await employee('W-1055');
  expect(await life.ending(rescinded(join))).toBe('revoked');
  expect(await life.has(account)).toEqual([]);
  expect(await life.ending(joined('2026-11-02', finance))).toBe('delivered');
  expect(await life.has(account)).toEqual(['Finance']);
});

test('a first day that is moved later takes the access back, and one that is moved earlier gives it again', async () => {
  const { account, join, corrected } = await employee('W-1056');
  const later = corrected(join, { startDate: '2027-03-01', attributes: finance });
  expect(await life.ending(later)).toBe('revoked');
  expect(await life.rows(later)).toEqual(['revoke finance: revoked']);
  expect(await life.has(account)).toEqual([]);
  const earlier = corrected(join, { startDate: '2026-11-09', attributes: finance });
  expect(await life.ending(earlier)).toBe('delivered');
  const same = corrected(join, { startDate: '2026-11-10', attributes: finance });
  expect(await life.ending(same)).toBe('already-held');
  expect(await life.has(account)).toEqual(['Finance']);
});

test('every invariant holds', async () => {
  expect(await life.faults()).toEqual([]);
});
