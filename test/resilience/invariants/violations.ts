import type { TestMessage } from '../../support/events';
import type { Row } from '../../support/tables';
import { accessFaults } from './access';
import { foreignAssignments, type Evidence } from './evidence';
import { ledgerFaults } from './ledger';
import { removalFaults } from './removals';
import { claimsIn, isOwnEvent, json, text } from './rows';
import { wakeFaults } from './wakes';

/** What a test has sent, and the texts that it planted. */
export type Expected = {
  /** Every message, once each however often it was sent. */
  sent: readonly TestMessage[];
  canaries?: readonly Canary[];
  /** The justifications of the requests that others made in Graph. */
  others?: readonly string[];
  /** The ids of assignments that others made and that a person has adopted since: they count as ours. */
  adopted?: readonly string[];
  /** The display names of packages that were there before. */
  packages?: readonly string[];
};

/** A text that was planted in an event, and the columns (`claims.content`) that may hold it. */
export type Canary = { text: string; belongs: readonly string[] };

/**
 * Checks every invariant and answers the violations, one sentence each. Call it when the faults are over and every event
 * had time to end. It knows the product by its documented tables only and shares no code with it.
 */
export function violations(
  evidence: Evidence,
  { sent, canaries = [], others = [], adopted = [], packages = [] }: Expected,
): string[] {
  const foreign = foreignAssignments(evidence.graph, { others, adopted });
  return [
    ...claimFaults(evidence, sent),
    ...ledgerFaults(evidence.tables.audit),
    ...messageFaults(evidence, sent),
    ...accessFaults(evidence, { others, foreign, packages }),
    ...removalFaults(evidence, { others, foreign }),
    ...wakeFaults(evidence),
    ...canaryFaults(evidence, canaries),
  ];
}

/** Every accepted event has one closed claim, and one closing row per attempt that agrees with it. */
function claimFaults({ tables }: Evidence, sent: readonly TestMessage[]): string[] {
  const claims = new Map(claimsIn(tables.claims).map((claim) => [claim.partitionKey, claim]));
  const known = new Set(sent.filter(({ expect }) => expect === 'accepted').map(eventHashOf));
  return [
    ...[...known]
      .filter((hash) => !claims.has(hash))
      .map((hash) => `event without a claim: ${hash}`),
    ...[...claims.keys()]
      .filter((hash) => !known.has(hash) && !isOwnEvent(claims.get(hash)))
      .map((hash) => `claim of an event that was never sent: ${hash}`),
    ...[...claims.values()].flatMap((claim) => endFaults(claim, tables.audit)),
    ...tables.audit
      .filter((row) => row['kind'] !== 'rejected' && !claims.has(row.partitionKey))
      .map((row) => `audit row without a claim: ${row.partitionKey} ${row.rowKey}`),
  ];
}

const eventHashOf = ({ eventHash }: TestMessage): string => eventHash;

function endFaults(claim: Row, audit: readonly Row[]): string[] {
  const hash = claim.partitionKey;
  if (claim['state'] !== 'closed')
    return [`event without an end (${text(claim, 'state')}): ${hash}`];
  const attempts = Number(claim['attempt']);
  const closings = audit.filter(
    ({ partitionKey, kind }) => partitionKey === hash && kind === 'closing',
  );
  const ended = closings.map((row) => Number(row['attempt'])).sort((one, other) => one - other);
  const expected = Array.from({ length: attempts }, (_, at) => at + 1);
  const last = closings.find((row) => row['attempt'] === claim['attempt']);
  const end = json<{ seq: number; hash: string }>(claim, 'chain');
  return [
    ended.join() !== expected.join() &&
      `ends of the attempts are [${ended.join()}], not [${expected.join()}]`,
    last && last['outcome'] !== claim['outcome'] && 'claim and closing row differ in their outcome',
    last && last['hash'] !== end.hash && 'claim names another end of the chain',
  ]
    .filter((fault) => typeof fault === 'string')
    .map((fault) => `${fault}: ${hash}`);
}

/** No message is lost: a message that left the bus has a claim or a rejected row, and no valid one is a dead letter. */
function messageFaults(
  { tables, queue, deadLetters }: Evidence,
  sent: readonly TestMessage[],
): string[] {
  const claimed = new Set(claimsIn(tables.claims).map(({ partitionKey }) => partitionKey));
  const rejected = new Set(
    tables.audit.filter(({ kind }) => kind === 'rejected').map(({ bodyHash }) => bodyHash),
  );
  const held = new Set([...queue, ...deadLetters].map(({ bodyHash }) => bodyHash));
  const dead = new Set(deadLetters.map(({ bodyHash }) => bodyHash));
  const found = sent.flatMap(({ bodyHash, eventHash, expect }) => {
    const isRecorded = rejected.has(bodyHash) || claimed.has(eventHash);
    return [
      !held.has(bodyHash) &&
        !isRecorded &&
        `message completed without a claim or a rejected row: ${bodyHash}`,
      expect === 'rejected' &&
        !rejected.has(bodyHash) &&
        `rejected message without a rejected row: ${bodyHash}`,
      expect === 'rejected' &&
        !dead.has(bodyHash) &&
        `rejected message is not a dead letter: ${bodyHash}`,
      expect === 'accepted' && rejected.has(bodyHash) && `valid message was rejected: ${bodyHash}`,
      expect === 'accepted' && dead.has(bodyHash) && `valid message is a dead letter: ${bodyHash}`,
    ];
  });
  const remaining = queue.map(({ bodyHash }) => `message still in the queue: ${bodyHash}`);
  return [...found.filter((fault) => fault !== false), ...remaining];
}

/** A canary is only in its own column: in no log, durable history, dead-letter reason or other column. */
function canaryFaults(evidence: Evidence, canaries: readonly Canary[]): string[] {
  if (canaries.length === 0) return [];
  const places = [...evidence.texts, ...deadLetterTexts(evidence), ...cells(evidence)];
  return canaries.flatMap(({ text, belongs }) =>
    places
      .filter((place) => !belongs.includes(place.place) && place.text.includes(text))
      .map(({ place }) => `canary ${text} in ${place}`),
  );
}

const deadLetterTexts = ({ deadLetters }: Evidence): Evidence['texts'] =>
  deadLetters.map(({ reason }) => ({ place: 'dead letter', text: reason }));

function cells({ tables }: Evidence): Evidence['texts'] {
  return Object.entries(tables).flatMap(([name, rows]) =>
    rows.flatMap((row) =>
      Object.entries(row).map(([column, value]) => ({
        place: `${name}.${column}`,
        text: String(value),
      })),
    ),
  );
}
