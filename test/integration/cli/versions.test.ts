import type { Claim } from '../../../shared/domain/workflow/claim';
import { eventHash } from '../../../shared/domain/events/keys';
import { createClaims } from '../../../shared/storage/claims';
import { createDue } from '../../../shared/storage/due';
import { hash, openStorage, type Storage } from '../../support/storage';
import { runCommand } from '../../support/run-command';

const SOURCE = 'urn:hr:acme:workday';
let storage: Storage;
beforeEach(async () => {
  storage = await openStorage();
});
afterEach(() => storage.close());

const joinery = (...args: string[]) =>
  runCommand(['versions', ...args], {
    ServiceBus: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=k',
    RECORDS_STORAGE: storage.connectionString,
    AUDIT_STORAGE: storage.connectionString,
    EVENT_SOURCES: SOURCE,
  });

/** An event that is looked after, received at `receivedAt`. */
async function open(id: string, receivedAt: string, run: Partial<Claim>): Promise<void> {
  const key = eventHash(SOURCE, id);
  const due = createDue(storage.table('due'));
  // An interrupted move of the watch leaves a second row, which must not count twice.
  await due.schedule(key, '2026-11-21T09:30:00.000Z', 'interrupted');
  const fact = {
    ...{ eventId: id, eventSource: SOURCE, eventType: 'hr.worker.joined.v1' },
    ...{ bodyHash: hash('b'), workerId: 'W-7', employmentId: 'primary', startDate: '2026-11-23' },
    ...{ timeZone: 'Europe/Berlin', actAt: '2026-11-22T23:00:00.000Z' },
    ...{ occurredAt: receivedAt, receivedAt },
  };
  await createClaims(storage.table('claims')).claim(key, {
    ...{ state: 'started', contentHash: hash('c'), attempt: 1, fact },
    ...{ due: await due.schedule(key, '2099-01-01T00:00:00.000Z'), updatedAt: receivedAt },
    ...run,
  });
}

test('open events are counted by the version of their runs', async () => {
  await open('a', '2026-11-20T09:30:03.000Z', { version: 1 });
  await open('b', '2026-11-20T09:30:02.000Z', { version: 1 });
  await open('c', '2026-11-20T09:30:04.000Z', { version: 10 });
  await open('d', '2026-11-20T09:30:05.000Z', { version: 2, state: 'closing' });
  await open('e', '2026-11-20T09:30:06.000Z', { state: 'claimed' });
  await open('f', '2026-11-20T09:30:01.000Z', { version: 2, state: 'closed' });
  const { code, stdout } = await joinery('--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    versions: [
      { version: 1, open: 2, oldest: '2026-11-20T09:30:02.000Z' },
      { version: 2, open: 1, oldest: '2026-11-20T09:30:05.000Z' },
      { version: 10, open: 1, oldest: '2026-11-20T09:30:04.000Z' },
      { version: 'not begun', open: 1, oldest: '2026-11-20T09:30:06.000Z' },
    ],
  });
});

test('--before exits with 1 while an event of an older version is open', async () => {
  await open('a', '2026-11-20T09:30:03.000Z', { version: 2 });
  expect((await joinery('--before', '3')).code).toBe(1);
  expect((await joinery('--before', '2')).code).toBe(0);
});

test('--before exits with 1 for an event that has not begun, because its start may wait under an older version', async () => {
  await open('a', '2026-11-20T09:30:03.000Z', { state: 'claimed' });
  expect((await joinery('--before', '2')).code).toBe(1);
  expect((await joinery()).code).toBe(0);
});

test('without open events it says so', async () => {
  expect(await joinery('--before', '2')).toMatchObject({ code: 0, stdout: 'no event is open\n' });
});
