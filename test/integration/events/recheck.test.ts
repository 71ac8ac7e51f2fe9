import type { Services } from '../../../functions/services';
import { RECHECK } from '../../../shared/domain/events/event';
import { eventHash, instanceId } from '../../../shared/domain/events/keys';
import {
  readOperatorRequest,
  recheckMessage,
} from '../../../shared/domain/events/operator-request';
import { requestRecheck } from '../../../shared/events/recheck';
import { createLedgerReader } from '../../../shared/storage/audit';
import { servicesOver } from '../../support/call-activity';
import { openStorage, type Storage } from '../../support/storage';
import { intakeOf, startingClient } from './intake';

const NOW = new Date('2027-03-01T09:30:00.000Z');
let storage: Storage;
let services: Services;

beforeAll(async () => {
  storage = await openStorage();
  services = servicesOver(storage);
  await services.workers.addFact({
    ...{ source: 'urn:hr', id: 'e-1', hash: eventHash('urn:hr', 'e-1'), time: NOW.toISOString() },
    ...{ workerId: 'W-1', employmentId: 'primary', acceptedAt: NOW.toISOString() },
    states: { kind: 'left', lastDay: '2027-02-28' },
  });
});
afterAll(() => storage.close());

const who = { by: 'carol', reason: 'INC-9' };
/** Asks as the command does; answers what was sent. */
async function ask(workerId: string) {
  const sent: Uint8Array[] = [];
  const send = (body: Uint8Array) => Promise.resolve(void sent.push(body));
  const asked = await requestRecheck(services, send, { workerId, ...who }, NOW);
  return { asked, sent };
}

test('a recheck starts one event of its own, with who asked and why, however often its message arrives', async () => {
  const { asked, sent } = await ask('W-1');
  const { client, started } = startingClient();
  const { deliver } = intakeOf(services, client);
  for (let times = 0; times < 3; times += 1) await deliver(Buffer.from(sent[0] ?? []));
  const hash = eventHash(RECHECK, asked?.id ?? '');
  expect(new Set(started.map((one) => (one as { instanceId: string }).instanceId))).toEqual(
    new Set([instanceId(hash, 1)]),
  );
  expect(await services.claims.read(hash)).toMatchObject({
    ...{ state: 'claimed', attempt: 1 },
    fact: {
      ...{ eventSource: RECHECK, workerId: 'W-1', actAt: NOW.toISOString() },
      ...{ requestedBy: 'carol', requestReason: 'INC-9' },
    },
  });
});

test('a message that names a recheck that no operator wrote down is refused, and starts nothing', async () => {
  const { client, started } = startingClient();
  const body = Buffer.from(recheckMessage('W-1@forged', NOW));
  await expect(intakeOf(services, client).deliver(body)).rejects.toThrow('unknown-event');
  expect(started).toEqual([]);
  const reader = createLedgerReader(storage.table('audit'), storage.table('auditIndex'));
  expect(await reader.ofEvent(eventHash(RECHECK, 'W-1@forged'))).toMatchObject([
    { kind: 'rejected', reason: 'unknown-event: id', eventId: 'W-1@forged' },
  ]);
});

test('for a worker of whom nothing was stated nothing is sent', async () => {
  expect(await ask('W-404')).toEqual({ asked: undefined, sent: [] });
});

test.each([
  ['another source', { source: 'urn:hr' }],
  ['an id of HR', { id: 'no spaces' }],
  ['another type', { type: 'joinery.recheck.v2' }],
  ['another version', { specversion: '2.0' }],
])('a request with %s is none', (_, change) => {
  const message = JSON.parse(Buffer.from(recheckMessage('W-1@r', NOW)).toString()) as object;
  const body = Buffer.from(JSON.stringify({ ...message, ...change }));
  expect(readOperatorRequest(body, { sources: ['urn:hr'] })).toBeUndefined();
});
