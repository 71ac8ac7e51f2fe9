import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { eventually } from '../support/eventually';
import { messageOf, rejectedMessage, SOURCE, type TestMessage } from '../support/events';
import { readTable, type Row } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

let stack: TestStack;
const sent: TestMessage[] = [];

beforeAll(async () => {
  stack = await startStack({
    env: { GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '200ms', IDENTITY_DEADLINE: '1s' },
    files: {
      GRAPH_TENANT: tenantOf(20),
      ACCESS_MODEL: modelOf(
        [{ key: 'package', catalog: 'catalog' }],
        [{ id: 'rule', department: 'Sales', packages: ['package'] }],
      ),
    },
  });
});
afterAll(() => stack.stop());

const eventOf = (kind: string, id: string, data: object) => ({
  ...{ specversion: '1.0', id, source: SOURCE, type: `hr.worker.${kind}.v1` },
  ...{ time: '2026-11-20T09:30:00Z', data },
});

async function send(...messages: TestMessage[]): Promise<void> {
  sent.push(...messages);
  await stack.send(messages.map(({ body }) => body));
}

const stateOf = ({ states }: Row): unknown =>
  JSON.parse(String(states).replace(/^json:/, '')) as unknown;

const attributes = { department: 'Sales', nickname: 'CANARY' };
const stored = { department: 'Sales' };
const revises = { source: SOURCE, id: 'joined-0' };

const events: [kind: string, data: object, states: object][] = [
  [
    'joined',
    { startDate: '2026-11-23', attributes },
    { kind: 'joined', startDate: '2026-11-23', attributes: stored },
  ],
  [
    'moved',
    { effectiveDate: '2026-11-23', attributes },
    { kind: 'moved', effectiveDate: '2026-11-23', attributes: stored },
  ],
  ['left', { lastDay: '2026-11-30' }, { kind: 'left', lastDay: '2026-11-30' }],
  [
    'corrected',
    { revises, startDate: '2026-11-24', attributes },
    {
      ...{ kind: 'corrected', revises },
      content: { kind: 'joined', startDate: '2026-11-24', attributes: stored },
    },
  ],
  ['rescinded', { revises }, { kind: 'rescinded', revises }],
  [
    'snapshot',
    { spans: [{ employmentId: 'E-1', from: '2026-11-23', attributes }] },
    {
      kind: 'snapshot',
      spans: [{ employmentId: 'E-1', from: '2026-11-23', attributes: stored }],
    },
  ],
];

test('an event of every type is taken in, is one fact of its worker, and its run ends', async () => {
  const messages = events.map(([kind, data], n) =>
    messageOf(eventOf(kind, `${kind}-${n}`, { workerId: workerId(n), ...data })),
  );
  await send(...messages);
  // A redelivery changes nothing.
  await stack.send(messages.map(({ body }) => body));
  await eventually('every event is closed', async () => {
    const claims = await readTable(stack.storage, 'claims', `RowKey eq 'claim'`);
    const closed = claims.filter(({ state }) => state === 'closed');
    return closed.length === events.length ? closed : undefined;
  });
  for (const [n, [, , states]] of events.entries()) {
    const filter = `PartitionKey eq '${workerId(n)}' and RowKey ge 'fact-' and RowKey lt 'fact.'`;
    const rows = await readTable(stack.storage, 'workers', filter);
    expect(rows).toMatchObject([{ hash: messages[n]?.eventHash, source: SOURCE }]);
    expect(rows.map(stateOf)).toEqual([states]);
  }
});

test.each<[string, string, object]>([
  ['missing-member: data.effectiveDate', 'moved', { attributes: {} }],
  ['not-exactly-one: data', 'left', {}],
  ['not-exactly-one: data', 'corrected', { revises }],
  ['invalid-source: data.revises.source', 'rescinded', { revises: { source: 'x', id: 'e' } }],
  [
    'end-before-start: data.spans.*.until',
    'snapshot',
    {
      spans: [{ employmentId: 'E-1', from: '2026-11-23', until: '2026-11-22', attributes: {} }],
    },
  ],
  ['unsupported-type: type', 'promoted', { startDate: '2026-11-23', attributes: {} }],
])('%s of a %s is a dead letter with its row', async (reason, kind, data) => {
  const event = eventOf(kind, `bad-${kind}`, { workerId: 'W-bad', ...data });
  const message = rejectedMessage(messageOf(event).body);
  await send(message);
  const row = await eventually('the message has a row', async () => {
    const rows = await readTable(stack.storage, 'audit', `kind eq 'rejected'`);
    return rows.find(({ bodyHash }) => bodyHash === message.bodyHash);
  });
  expect(row).toMatchObject({ reason, eventId: `bad-${kind}` });
});

test('no fact is left of a refused message, and every invariant holds', async () => {
  await eventually('the queue is empty', () => stack.isQueueEmpty());
  expect(await readTable(stack.storage, 'workers', `PartitionKey eq 'W-bad'`)).toEqual([]);
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
});
