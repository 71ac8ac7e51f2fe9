import { TableClient } from '@azure/data-tables';
import { commands } from '../../../cli/commands';
import { eventHash } from '../../../shared/domain/events/keys';
import type { Explanation } from '../../../shared/reports/explain';
import { createClaims } from '../../../shared/storage/claims';
import { createLedger } from '../../../shared/storage/audit';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { runCommand } from '../../support/run-command';
import { openStorage, type Storage } from '../../support/storage';
import { entryOf } from '../storage/entries';
import { closedEvent } from './closed-event';

const [SOURCE, OTHER] = ['urn:hr:acme:workday', 'urn:hr:acme:sap'];

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

/** It needs no queue, no access model and no Graph. */
const explain = (...args: string[]) =>
  runCommand(['explain', ...args], {
    ServiceBus: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=k',
    RECORDS_STORAGE: storage.connectionString,
    AUDIT_STORAGE: storage.connectionString,
    EVENT_SOURCES: [SOURCE, OTHER].join(),
  });

const parsed = (stdout: string): Explanation =>
  commands.find(({ name }) => name === 'explain')?.output.parse(JSON.parse(stdout)) as Explanation;

test('an event whose rows are older than some of the columns is explained with what they have', async () => {
  await closedEvent(storage, 'old-1', SOURCE);
  const { code, stdout, stderr } = await explain('old-1', '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(parsed(stdout)).toMatchObject({
    event: { eventId: 'old-1', workerId: 'W-7', states: { kind: 'joined' } },
    status: { state: 'closed', outcome: 'delivered' },
    attempts: [
      {
        ...{ attempt: 1, outcome: 'delivered', waits: [] },
        steps: [{ packageKey: 'finance', facts: [], operations: [{ operation: 'ensure' }] }],
      },
    ],
    ...{ refusals: [], faults: [], notes: [] },
  });
});

test('the events behind a step are named, also one of which nothing is left but its hash', async () => {
  const join = await closedEvent(storage, 'join-1', SOURCE);
  const lost = 'f'.repeat(64);
  const about = { eventId: 'move-1', eventSource: SOURCE };
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  const at = '2026-11-20T09:30:02.000Z';
  const revoke = { action: 'revoke', factHashes: `${join} ${lost}`, step: 'remove' } as const;
  const entry = entryOf({ ...about, eventHash: eventHash(SOURCE, 'move-1'), ...revoke });
  const { chain } = await ledger.append(START_OF_CHAIN, entry, at);
  await ledger.append(chain, { ...entry, kind: 'settled', outcome: 'revoked' }, at);
  const { stdout } = await explain('move-1', '--json');
  expect(parsed(stdout).attempts[0]?.steps).toMatchObject([
    {
      ...{ action: 'revoke', outcome: 'revoked' },
      facts: [{ eventId: 'join-1', states: { kind: 'joined' } }, { eventHash: lost }],
    },
  ]);
});

test('an event of two sources has to be named with its source, and an unknown one is said to be', async () => {
  for (const source of [SOURCE, OTHER]) await closedEvent(storage, 'twice-1', source);
  const ambiguous = await explain('twice-1');
  expect(ambiguous.code).toBe(2);
  expect(ambiguous.stderr).toContain(`--source ${OTHER}`);
  expect((await explain('twice-1', '--source', OTHER)).stdout).toContain(`twice-1 of ${OTHER}`);
  const unknown = await explain('never-1');
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain('no event never-1 of');
});

test('a row that was changed is told, and the command ends with 1', async () => {
  const key = await closedEvent(storage, 'forged-1', SOURCE);
  const intruder = TableClient.fromConnectionString(storage.connectionString, 'audit', {
    allowInsecureConnection: true,
  });
  await intruder.updateEntity({
    ...{ partitionKey: key, rowKey: '0001-000001', ruleId: 'another-rule' },
  });
  const { code, stdout } = await explain('forged-1');
  expect(code).toBe(1);
  expect(stdout).toContain('FAULTS:\nrow-changed: forged-1, worker W-7, attempt 1, seq 1:');
});

test('an event that waits is told to be open, and with what', async () => {
  const ledger = createLedger(storage.table('audit'), storage.table('auditIndex'));
  const about = { eventId: 'open-1', eventSource: SOURCE, eventHash: eventHash(SOURCE, 'open-1') };
  const waiting = { kind: 'waiting', waitingFor: 'approval', step: undefined } as const;
  const at = '2026-11-20T09:30:02.000Z';
  await ledger.append(START_OF_CHAIN, entryOf({ ...about, ...waiting, waitingSince: at }), at);
  const { workerId } = entryOf();
  await createClaims(storage.table('claims')).claim(about.eventHash, {
    ...{ state: 'started', attempt: 1, contentHash: 'c'.repeat(64), updatedAt: at },
    fact: {
      ...{ eventId: 'open-1', eventSource: SOURCE, eventType: 'hr.worker.joined.v1', workerId },
      ...{ bodyHash: 'b'.repeat(64), occurredAt: at, receivedAt: at },
    },
    due: { partition: 'shard-1', key: 'k' },
  });
  const { code, stdout } = await explain('open-1');
  expect(code).toBe(0);
  expect(stdout).toContain(`It waited for approval from ${at}`);
});
