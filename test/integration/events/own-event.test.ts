import type { Services } from '../../../functions/services';
import { CLOCK, RECHECK } from '../../../shared/domain/events/event';
import { instanceId } from '../../../shared/domain/events/keys';
import { readEvent } from '../../../shared/domain/events/read-event';
import { readOperatorRequest, replayMessage } from '../../../shared/domain/events/operator-request';
import { factOfClaim } from '../../../shared/domain/workflow/claim';
import { runColumns } from '../../../shared/events/audit-context';
import { startOwnEvent, type OwnEvent } from '../../../shared/events/start';
import { HostUnavailable } from '../../../shared/events/run-host';
import { servicesOver } from '../../support/call-activity';
import { joinerEvent } from '../../support/events';
import { atOnce, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let services: Services;

beforeAll(async () => {
  storage = await openStorage();
  services = servicesOver(storage);
});
afterAll(() => storage.close());

const at = '2027-03-01T00:00:00.000Z';
const event = (workerId: string, more: Partial<OwnEvent> = {}): OwnEvent => ({
  ...{ source: CLOCK, id: `${workerId}@${at}`, workerId, at },
  ...more,
});

function startingHost() {
  const started: string[] = [];
  const start = (id: string) => {
    started.push(id);
    return Promise.resolve();
  };
  return { started, host: { start, status: () => Promise.resolve('Running' as const) } };
}
const dueRows = async (hash: string) => {
  const rows = await storage.table('due').list(`shard-${hash.slice(0, 1)}`);
  return rows.filter(({ columns }) => columns['eventHash'] === hash);
};

test('an event of the clock is claimed with its instant, is no fact, and runs once however often it is started', async () => {
  const { started, host } = startingHost();
  const all = await atOnce(20, () => startOwnEvent(services, host, event('W-1')));
  const hash = all[0]?.eventHash ?? '';
  expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(new Set(started)).toEqual(new Set([instanceId(hash, 1)]));
  const claim = await services.claims.read(hash);
  const fact = { eventId: `W-1@${at}`, eventSource: CLOCK, workerId: 'W-1', actAt: at };
  expect(claim).toMatchObject({ state: 'claimed', attempt: 1, fact });
  expect(claim && factOfClaim(hash, claim)).toBeUndefined();
  expect((await dueRows(hash)).map(({ key }) => key)).toEqual([claim?.due.key]);
  expect(await services.workers.facts('W-1')).toEqual([]);
});

test('an event whose start was lost starts the next time, and one that has begun does not', async () => {
  const away = {
    start: () => Promise.reject(new Error('away')),
    status: () => Promise.reject(new HostUnavailable('away')),
  };
  await expect(startOwnEvent(services, away, event('W-2'))).rejects.toThrow(HostUnavailable);
  const { started, host } = startingHost();
  const { eventHash, isNew } = await startOwnEvent(services, host, event('W-2'));
  expect({ started, isNew }).toEqual({ started: [instanceId(eventHash, 1)], isNew: false });
  await services.claims.start({ eventHash, attempt: 1, token: 't' }, at);
  await startOwnEvent(services, host, event('W-2'));
  expect(started).toHaveLength(1);
});

test('who asked and why is in every row of the event', async () => {
  const { host } = startingHost();
  const asked = event('W-3', { source: RECHECK, id: 'W-3@r-1', by: 'ann', reason: 'INC-1' });
  const { eventHash } = await startOwnEvent(services, host, asked);
  const claim = await services.claims.read(eventHash);
  if (!claim) throw new Error('the event has a claim');
  const run = { ...{ eventHash, attempt: 1, instanceId: 'i', token: 't' }, fact: claim.fact };
  expect(runColumns(run)).toMatchObject({
    ...{ initiator: 'recheck:ann', requestedBy: 'ann', requestReason: 'INC-1' },
    eventType: 'joinery.recheck.v1',
  });
});

test('no message of the queue is an event of the app, even if a setting allowed its source', () => {
  for (const source of [CLOCK, RECHECK, 'urn:joinery:other']) {
    const body = Buffer.from(JSON.stringify({ ...joinerEvent(), source }));
    const read = readEvent(body, { sources: [source] });
    expect(read).toMatchObject({ kind: 'rejected', reason: 'source-not-listed' });
  }
});

test.each([
  [CLOCK, `W-1@${at}`, true],
  [RECHECK, 'W-1@r-1', true],
  ['urn:hr', 'e-1', true],
  ['urn:hr', 'W-1@r-1', false],
  [CLOCK, 'e-1', false],
  ['urn:joinery:other', 'W-1@r-1', false],
])(
  'a replay of an event of %s with the id %s is asked for: %s',
  (eventSource, eventId, isAsked) => {
    const message = replayMessage(
      { eventSource, eventId, attempt: 1 },
      { reason: 'r', by: 'b' },
      new Date(at),
    );
    expect(readOperatorRequest(message, { sources: ['urn:hr'] }) !== undefined).toBe(isAsked);
  },
);
