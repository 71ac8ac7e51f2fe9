import type { Evidence, Row } from '../evidence';
import type { Sent } from '../events';
import { claimsIn, json, text } from './rows';

/** Every accepted event has exactly one claim, which is closed, and one end per attempt that says the same. */
export function claimFaults({ tables }: Evidence, sent: readonly Sent[]): string[] {
  const claims = new Map(claimsIn(tables.claims).map((claim) => [claim.partitionKey, claim]));
  const known = new Set(sent.filter(({ expect }) => expect === 'accepted').map(hashOf));
  return [
    ...[...known]
      .filter((hash) => !claims.has(hash))
      .map((hash) => `event without a claim: ${hash}`),
    ...[...claims.keys()]
      .filter((hash) => !known.has(hash))
      .map((hash) => `claim of an event that nobody sent: ${hash}`),
    ...[...claims.values()].flatMap((claim) => endFaults(claim, tables.audit)),
    ...tables.audit
      .filter((row) => row['kind'] !== 'rejected' && !claims.has(row.partitionKey))
      .map((row) => `audit row without a claim: ${row.partitionKey} ${row.rowKey}`),
  ];
}

const hashOf = ({ eventHash }: Sent): string => eventHash;

function endFaults(claim: Row, audit: readonly Row[]): string[] {
  const hash = claim.partitionKey;
  if (claim['state'] !== 'closed')
    return [`event without an end (${text(claim, 'state')}): ${hash}`];
  const attempts = Number(claim['attempt']);
  const closings = audit.filter(
    ({ partitionKey, kind }) => partitionKey === hash && kind === 'closing',
  );
  const ended = closings.map((row) => Number(row['attempt'])).sort((one, other) => one - other);
  const wanted = Array.from({ length: attempts }, (_, at) => at + 1);
  const last = closings.find((row) => row['attempt'] === claim['attempt']);
  const end = json<{ seq: number; hash: string }>(claim, 'chain');
  return [
    ended.join() !== wanted.join() &&
      `ends of the attempts are [${ended.join()}], not [${wanted.join()}]`,
    last && last['outcome'] !== claim['outcome'] && 'claim and closing row tell different outcomes',
    last && last['hash'] !== end.hash && 'claim names another end of the chain',
  ]
    .filter((fault) => typeof fault === 'string')
    .map((fault) => `${fault}: ${hash}`);
}
