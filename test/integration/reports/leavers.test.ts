import { leaversReport } from '../../../shared/reports/leavers';
import { createDue } from '../../../shared/storage/due';
import { createWorkers } from '../../../shared/storage/workers';
import { createLedger, createLedgerReader } from '../../../shared/storage/audit';
import { createClaims } from '../../../shared/storage/claims';
import { closing, entryOf } from '../storage/entries';
import { openStorage, type Storage } from '../../support/storage';
import { recordEvent } from '../cli/recorded-events';

/* The command of a report makes the same content again, whatever was recorded since. */

const ACCOUNT = '20000000-0000-4000-8000-000000000001';
const period = { from: '2026-10-10T00:00:00.000Z', to: '2026-10-12T12:00:00.000Z' };

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

const stores = () => ({
  claims: createClaims(storage.table('claims')),
  audit: createLedgerReader(storage.table('audit'), storage.table('auditIndex')),
  workers: createWorkers(storage.table('workers')),
  due: createDue(storage.table('due')),
});
const step = { kind: 'settled', step: 'assign', action: 'grant', targetId: ACCOUNT } as const;
test('a leaver whose removal was open at the end of the period stays not removed once it was', async () => {
  const [end, later] = ['2026-10-11T22:00:00.000Z', '2026-10-14T09:00:00.000Z'];
  const remove = { ...step, step: 'remove', action: 'revoke', employed: false } as const;
  const row = { ...remove, actAt: end };
  const told = { type: 'hr.worker.left.v1', at: '2026-10-01T08:00:00.000Z' };
  const left = {
    ...told,
    id: 'left',
    workerId: 'W-90',
    rows: [{ ...row, kind: 'intended' } as const],
  };
  const eventHash = await recordEvent(storage, left);
  const leavers = () => leaversReport(stores(), period, 60);
  const before = await leavers();
  expect(before).toMatchObject({ notRemoved: 1, lines: [{ worker: 'W-90' }] });
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  const { chain } = await ledger.endOf(eventHash, 1);
  const about = { eventHash, eventId: left.id, workerId: left.workerId, recordedAt: later };
  const gone = { ...row, outcome: 'revoked', deliveredAt: later };
  const rows = [gone, { ...closing, outcome: 'revoked' }].map((one) =>
    entryOf({ ...one, ...about }),
  );
  await ledger.appendAll(chain, rows, later);
  const { claims, claim } = await claimOf(eventHash);
  await claims.finishClosing(
    { eventHash, attempt: 1, token: 'token-1' },
    { outcome: 'revoked', chain },
    later,
  );
  expect((await claims.read(eventHash))?.state).toBe('closed');
  await storage.table('due').remove(claim.due.partition, claim.due.key);
  expect(await leavers()).toEqual(before);
});

async function claimOf(eventHash: string) {
  const claims = createClaims(storage.table('claims'));
  const claim = await claims.read(eventHash);
  if (!claim) throw new Error('there is a claim');
  return { claims, claim };
}
