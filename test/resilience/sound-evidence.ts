import { joined, type Sent } from './events';
import type { Evidence, Row } from './evidence';
import { hashOf } from './invariants/ledger';

export const accepted: Sent = joined({ workerId: 'W-1', attributes: { department: 'A' } });
export const refused: Sent = {
  ...accepted,
  eventHash: '',
  bodyHash: 'f'.repeat(64),
  expect: 'rejected',
};

const hash = accepted.eventHash;
const ids = { accessPackageId: 'p-1', targetId: 'u-1', packageKey: 'a', packageName: 'Package a' };

const told: Record<string, unknown>[] = [
  { kind: 'intended', step: 'ensure', ...ids },
  { kind: 'settled', step: 'ensure', outcome: 'whole', ...ids },
  { kind: 'intended', step: 'assign', ...ids },
  { kind: 'settled', step: 'assign', outcome: 'delivered', ...ids },
  { kind: 'closing', outcome: 'delivered' },
];

/** Rows of one attempt with their places in the chain. */
export function chained(rows: readonly Record<string, unknown>[]): Row[] {
  const done: Row[] = [];
  for (const [at, columns] of rows.entries()) {
    const row: Row = {
      partitionKey: hash,
      rowKey: `0001-${String(at + 1).padStart(6, '0')}`,
      attempt: 1,
      runToken: 'token',
      seq: at + 1,
      prevHash: done.at(-1)?.['hash'] ?? '0'.repeat(64),
      ...columns,
    };
    done.push({ ...row, hash: hashOf(row) });
  }
  return done;
}

/** What is left of one event that was delivered and one message that was refused: nothing is wrong with it. */
export function soundEvidence(rows = told): Evidence {
  const audit = chained(rows);
  const end = audit.at(-1);
  const rejection: Row = {
    partitionKey: 'rejected-ff',
    rowKey: refused.bodyHash,
    kind: 'rejected',
    bodyHash: refused.bodyHash,
  };
  const claim: Row = {
    partitionKey: hash,
    rowKey: 'claim',
    state: 'closed',
    attempt: 1,
    outcome: 'delivered',
    attributes: 'json:{"department":"A"}',
    chain: `json:${JSON.stringify({ seq: end?.['seq'], hash: end?.['hash'] })}`,
  };
  return {
    tables: {
      claims: [claim],
      workers: [],
      packages: [],
      due: [],
      limits: [],
      audit: [...audit, { ...rejection, hash: hashOf(rejection) }],
      auditIndex: [],
    },
    queue: [],
    deadLetters: [{ bodyHash: refused.bodyHash, reason: '{}' }],
    graph: {
      catalogs: [{ id: 'c-1', displayName: 'Catalog' }],
      resources: [{ id: 'r-1', catalogId: 'c-1', originId: 'g-1' }],
      accessPackages: [
        { id: 'p-1', catalogId: 'c-1', displayName: 'Package a', roles: ['Member_g-1'] },
      ],
      policies: [{ id: 'a-1', packageId: 'p-1', displayName: 'Birthright' }],
      requests: [
        {
          id: 'q-1',
          requestType: 'adminAdd',
          packageId: 'p-1',
          targetId: 'u-1',
          justification: `joinery:${hash}:1:a`,
          state: 'delivered',
        },
      ],
      assignments: [{ id: 's-1', packageId: 'p-1', targetId: 'u-1', state: 'delivered' }],
      grants: [{ roleOriginId: 'Member_g-1', userId: 'u-1', assignmentIds: ['s-1'] }],
    },
    graphLog: [{ method: 'POST', path: '/v1.0/x/accessPackages', status: 201 }],
    texts: [{ place: 'log', text: 'nothing' }],
  };
}

export const toldRows = told;
