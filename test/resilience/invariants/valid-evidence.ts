import { joinerMessage, type TestMessage } from '../../support/events';
import type { Row } from '../../support/tables';
import type { Evidence } from './evidence';
import { hashOf } from './ledger';

export const accepted: TestMessage = joinerMessage('W-1', { department: 'A' });
export const rejected: TestMessage = {
  ...accepted,
  eventHash: '',
  bodyHash: 'f'.repeat(64),
  expect: 'rejected',
};

const hash = accepted.eventHash;
const ids = { accessPackageId: 'p-1', targetId: 'u-1', packageKey: 'a', packageName: 'Package a' };

export const auditRows: Record<string, unknown>[] = [
  { kind: 'intended', step: 'ensure', ...ids },
  { kind: 'settled', step: 'ensure', outcome: 'complete', ...ids },
  { kind: 'intended', step: 'assign', ...ids },
  { kind: 'settled', step: 'assign', outcome: 'delivered', ...ids },
  { kind: 'closing', outcome: 'delivered' },
];

/** The rows of one attempt, with keys and hashes. */
export function chained(rows: readonly Record<string, unknown>[]): Row[] {
  const rowsSoFar: Row[] = [];
  for (const [at, columns] of rows.entries()) {
    const row: Row = {
      partitionKey: hash,
      rowKey: `0001-${String(at + 1).padStart(6, '0')}`,
      attempt: 1,
      runToken: 'token',
      seq: at + 1,
      prevHash: rowsSoFar.at(-1)?.['hash'] ?? '0'.repeat(64),
      ...columns,
    };
    rowsSoFar.push({ ...row, hash: hashOf(row) });
  }
  return rowsSoFar;
}

/** The evidence of one delivered event and one rejected message, without any violation. */
export function validEvidence(rows = auditRows): Evidence {
  const audit = chained(rows);
  const end = audit.at(-1);
  const rejection: Row = {
    partitionKey: 'rejected-ff',
    rowKey: rejected.bodyHash,
    kind: 'rejected',
    bodyHash: rejected.bodyHash,
  };
  const claim: Row = {
    partitionKey: hash,
    rowKey: 'claim',
    state: 'closed',
    attempt: 1,
    outcome: 'delivered',
    content: 'json:{"states":{"kind":"joined","attributes":{"department":"A"}}}',
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
    deadLetters: [{ bodyHash: rejected.bodyHash, reason: '{}' }],
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
          assignmentId: 's-1',
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
