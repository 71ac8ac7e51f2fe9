import type { Row } from '../support/tables';
import type { Evidence } from './invariants/evidence';
import { hashOf } from './invariants/ledger';
import { accepted, auditRows, chained, rejected, validEvidence } from './invariants/valid-evidence';
import { violations } from './invariants/violations';

const hash = accepted.eventHash;
const expected = {
  sent: [accepted, rejected],
  others: ['by others'],
  canaries: [{ text: 'canary-1', belongs: ['claims.content'] }],
};

const again = <Item extends object>(items: Item[], change: Partial<Item> = {}): void => {
  const [first] = items;
  if (first) items.push({ ...first, ...change });
};
const change = (items: object[], at: number, columns: object): void => {
  const item = items.at(at);
  if (item) items.splice(at, 1, { ...item, ...columns });
};
/** The evidence of the same event with other rows in its chain. */
const withRows = (evidence: Evidence, rows: readonly Record<string, unknown>[]): void => {
  evidence.tables.audit.splice(0, auditRows.length, ...chained(rows));
};
const without = (at: number): Record<string, unknown>[] => auditRows.toSpliced(at, 1);

/** A removal of ours of the one assignment. */
const removal = {
  requestType: 'adminRemove',
  justification: `joinery:${hash}:1:a:revoke:s-1`,
  assignmentId: 's-1',
};

const wake: Row = { partitionKey: 'shard-0', rowKey: '1', kind: 'wake' };
const pointer: Row = {
  ...{ partitionKey: 'W-1', rowKey: 'wake', at: '2027-03-01T00:00:00.000Z' },
  place: 'json:{"partition":"shard-0","key":"1"}',
};

test('an event that the app made itself is no message, and states no fact', () => {
  const evidence = validEvidence();
  const fact = 'json:{"workerId":"W-1","eventSource":"urn:joinery:clock"}';
  change(evidence.tables.claims, 0, { fact, content: undefined });
  expect(violations(evidence, { ...expected, sent: [rejected] })).toEqual([]);
});

test('valid evidence has no violation', () => {
  expect(violations(validEvidence(), expected)).toEqual([]);
});

test.each<[violation: string, plant: (evidence: Evidence) => void]>([
  ['more than one catalog', ({ graph }) => again(graph.catalogs, { id: 'c-2' })],
  ['more than one resource in a catalog', ({ graph }) => again(graph.resources, { id: 'r-2' })],
  ['more than one package in a catalog', ({ graph }) => again(graph.accessPackages, { id: 'p-2' })],
  ['more than one policy of a package', ({ graph }) => again(graph.policies, { id: 'a-2' })],
  [
    'a role more than once in a package',
    ({ graph }) => change(graph.accessPackages, 0, { roles: ['Member_g-1', 'Member_g-1'] }),
  ],
  [
    'more than one open request',
    ({ graph }) => {
      again(graph.requests, { state: 'Delivering' });
      again(graph.requests, { state: 'submitted' });
    },
  ],
  ['more than one request of one step', ({ graph }) => again(graph.requests, { id: 'q-2' })],
  ['more than one active assignment', ({ graph }) => again(graph.assignments, { id: 's-2' })],
  [
    'wake-up that no record names: W-1',
    ({ tables }) => void tables.due.push({ ...wake, personId: 'W-1' }),
  ],
  [
    'wake-up without a row: W-1',
    ({ tables }) => void tables.workers.push({ ...pointer, partitionKey: 'W-1' }),
  ],
  [
    'more than one wake-up: W-1',
    ({ tables }) => {
      tables.workers.push({ ...pointer, partitionKey: 'W-1' });
      tables.due.push({ ...wake, personId: 'W-1' }, { ...wake, rowKey: '2', personId: 'W-1' });
    },
  ],
  [
    'nobody is woken at the end of the contract: W-1',
    ({ tables }) =>
      change(tables.claims, 0, {
        content: 'json:{"states":{"kind":"joined","endDate":"2999-01-01","attributes":{}}}',
        fact: 'json:{"workerId":"W-1","eventSource":"urn:hr"}',
      }),
  ],
  [
    'open request that nobody reads: r-1',
    ({ tables, graph }) => {
      again(graph.requests, { id: 'r-1', state: 'PendingApproval', justification: 'by others' });
      tables.workers.push({
        ...{ partitionKey: 'W-1', rowKey: 'holding-u-1-a', state: 'requested', requestId: 'r-1' },
      });
    },
  ],
  ['event without a claim', ({ tables }) => tables.claims.splice(0)],
  [
    'claim of an event that was never sent',
    ({ tables }) => again(tables.claims, { partitionKey: 'x' }),
  ],
  [
    'event without an end (started)',
    ({ tables }) => change(tables.claims, 0, { state: 'started' }),
  ],
  [
    'ends of the attempts are [1], not [1,2]',
    ({ tables }) => change(tables.claims, 0, { attempt: 2 }),
  ],
  [
    'claim and closing row differ in their outcome',
    ({ tables }) => change(tables.claims, 0, { outcome: 'failed' }),
  ],
  [
    'claim names another end of the chain',
    ({ tables }) => change(tables.claims, 0, { chain: 'json:{"seq":5,"hash":"0"}' }),
  ],
  [
    'audit row without a claim',
    ({ tables }) => change(tables.audit, 0, { partitionKey: 'x'.repeat(64) }),
  ],
  ['audit row was changed', ({ tables }) => change(tables.audit, 3, { outcome: 'denied' })],
  ['gap or repeat in the audit at seq 3', ({ tables }) => tables.audit.splice(1, 1)],
  ['gap or repeat in the audit at seq 1', ({ tables }) => again(tables.audit)],
  ['broken chain at seq 4', (evidence) => replaceRow(evidence, 2, { step: 'assign', extra: 1 })],
  [
    'audit row under a foreign key',
    ({ tables }) => change(tables.audit, 4, { rowKey: '0001-000009' }),
  ],
  ['two runs in one chain', (evidence) => replaceRow(evidence, 4, { runToken: 'other' })],
  ['settled without an intended row', (evidence) => withRows(evidence, without(2))],
  [
    'two waiting rows for delivery',
    (evidence) => {
      const wait = { kind: 'waiting', waitingFor: 'delivery' };
      withRows(evidence, [...auditRows.slice(0, 3), wait, wait, ...auditRows.slice(3)]);
    },
  ],
  ['0 closing rows', (evidence) => withRows(evidence, without(4))],
  ['2 closing rows', (evidence) => withRows(evidence, [...auditRows, { kind: 'closing' }])],
  [
    'a row after the closing row',
    (evidence) => withRows(evidence, [...auditRows, { kind: 'intended', step: 'assign' }]),
  ],
  [
    'message completed without a claim or a rejected row',
    (evidence) => {
      evidence.deadLetters.splice(0);
      evidence.tables.audit.pop();
    },
  ],
  ['rejected message without a rejected row', ({ tables }) => tables.audit.pop()],
  ['rejected message is not a dead letter', ({ deadLetters }) => deadLetters.splice(0)],
  [
    'valid message was rejected',
    ({ tables }) => again(tables.audit.reverse(), { bodyHash: accepted.bodyHash }),
  ],
  [
    'valid message is a dead letter',
    ({ deadLetters }) => again(deadLetters, { bodyHash: accepted.bodyHash }),
  ],
  ['message still in the queue', ({ queue }) => queue.push({ bodyHash: 'x', reason: '' })],
  [
    'request of no accepted event',
    ({ graph }) => again(graph.requests, { justification: `joinery:${'0'.repeat(64)}:1:a` }),
  ],
  [
    'request without an intended row',
    ({ graph }) => again(graph.requests, { justification: `joinery:${hash}:1:b` }),
  ],
  [
    'package without an intended row',
    ({ graph }) => again(graph.accessPackages, { displayName: 'Package b' }),
  ],
  ['something was removed: DELETE', ({ graphLog }) => again(graphLog, { method: 'DELETE' })],
  [
    'something was removed: request',
    ({ graph }) => again(graph.requests, { requestType: 'adminRemove' }),
  ],
  [
    'removed what is not ours: request q-3',
    ({ graph }) => {
      again(graph.requests, { id: 'q-2', justification: 'by others', assignmentId: 's-2' });
      again(graph.requests, { ...removal, id: 'q-3', assignmentId: 's-2' });
    },
  ],
  [
    'removed more than once: assignment s-1',
    ({ graph }) => {
      again(graph.requests, { ...removal, id: 'q-2' });
      again(graph.requests, { ...removal, id: 'q-3' });
    },
  ],
  [
    'request without an intended row',
    ({ graph }) => again(graph.requests, { ...removal, id: 'q-2' }),
  ],
  [
    'held together: s-1 and s-2 of u-1',
    ({ graph }) => {
      again(graph.accessPackages, { id: 'p-2', displayName: 'b', incompatibleWith: ['p-1'] });
      again(graph.assignments, { id: 's-2', packageId: 'p-2' });
    },
  ],
  [
    'held by somebody who has left: s-1',
    ({ tables }) => {
      const fact = { workerId: 'W-1', eventType: 'hr.worker.left.v1', occurredAt: '2026-12-01' };
      const claim = { outcome: 'revoked', targetId: 'u-1', fact: `json:${JSON.stringify(fact)}` };
      change(tables.claims, 0, claim);
    },
  ],
  [
    'ledger says revoked, but it is assigned',
    (evidence) => {
      const revoked = { ...auditRows[3], step: 'remove', outcome: 'revoked', recordedAt: '2' };
      const intended = { ...auditRows[2], step: 'remove' };
      withRows(evidence, [...auditRows.slice(0, 4), intended, revoked, ...auditRows.slice(4)]);
    },
  ],
  [
    'ledger says delivered, but nothing is assigned',
    ({ graph }) => change(graph.assignments, 0, { state: 'expired' }),
  ],
  ['assigned, but no role is granted', ({ graph }) => graph.grants.splice(0)],
  [
    'assignment without a settled row',
    ({ graph }) => again(graph.assignments, { targetId: 'u-2' }),
  ],
  ['canary canary-1 in log', ({ texts }) => change(texts, 0, { text: '..canary-1..' })],
  [
    'canary canary-1 in dead letter',
    ({ deadLetters }) => change(deadLetters, 0, { reason: 'canary-1' }),
  ],
  [
    'canary canary-1 in claims.reason',
    ({ tables }) => change(tables.claims, 0, { reason: 'canary-1' }),
  ],
])('the checker reports: %s', (violation, plant) => {
  const evidence = validEvidence();
  plant(evidence);
  expect(violations(evidence, expected).join('\n')).toContain(violation);
});

test('what somebody else has removed is told as delivered without a violation', () => {
  const evidence = validEvidence([
    ...auditRows.slice(0, 3),
    { ...auditRows[3], assignmentId: 's-1' },
    ...auditRows.slice(4),
  ]);
  change(evidence.graph.assignments, 0, { state: 'expired' });
  evidence.graph.grants.splice(0);
  expect(violations(evidence, expected)).not.toEqual([]);
  const removal = { id: 'q-2', requestType: 'adminRemove', justification: 'by others' };
  again(evidence.graph.requests, removal);
  expect(violations(evidence, expected)).toEqual([]);
});

test('a canary in its own column is not a violation', () => {
  const evidence = validEvidence();
  change(evidence.tables.claims, 0, { content: 'json:{"department":"canary-1"}' });
  expect(violations(evidence, expected)).toEqual([]);
});

/** Changes one row and its hash, as an attacker could. */
function replaceRow({ tables }: Evidence, at: number, columns: object): void {
  const row = { ...tables.audit[at], ...columns } as Row;
  tables.audit.splice(at, 1, { ...row, hash: hashOf(row) });
}
