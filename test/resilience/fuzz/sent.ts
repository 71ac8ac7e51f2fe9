import type { RejectionReason } from '../../../shared/domain/events/rejection';

export const SOURCE = 'urn:hr:acme:workday';

export type Members = Record<string, unknown>;

/** A message before it is written down. */
export type Sent = Members & { data: Members };

/** An event that keeps the contract, and what the intake must make of it. */
export type Valid = { sent: Sent; event: Members };

/** In this order the contract tells faults: the earliest one is the reason. */
export const STAGES = [
  ...['empty', 'too-large', 'byte-order-mark', 'encoding', 'json', 'not-an-object'],
  ...['specversion', 'type', 'source', 'id', 'time', 'subject', 'datacontenttype'],
  ...['replayid', 'replayreason', 'replayedby', 'data'],
  ...['data.workerId', 'data.employmentId', 'data.sequence', 'data.startDate', 'data.endDate'],
  ...['data.timeZone', 'data.attributes', 'end-before-start', 'subject-mismatch'],
  'source-not-listed',
] as const;
export type Stage = (typeof STAGES)[number];

/**
 * One change of a valid event. With a `fault` it breaks the contract, at one `stage`, for one reason; without one the event
 * must stay accepted, as the same event. `touches` are the members it needs as they are: two mutations that touch the same
 * do not go together. `planted` is what a sender wrote there and nobody may be told.
 */
export type Mutation = {
  name: string;
  touches: readonly string[];
  fault?: { stage: Stage; reason: RejectionReason; field?: string };
  planted?: string;
  onEvent?: (sent: Sent) => Sent;
  onText?: (text: string) => string;
  onBytes?: (bytes: Uint8Array) => Uint8Array;
};

/** What must come of a body. `open`: the second reading of the contract in reread.ts decides. */
export type Expected =
  | { kind: 'rejected'; reason: RejectionReason; field?: string; identified?: string }
  | { kind: 'accepted'; event: Members }
  | { kind: 'open' };

/** One body, where it comes from, and what must come of it. */
export type Case = {
  family: string;
  changes: string[];
  body: Uint8Array;
  expected: Expected;
  planted: string[];
};

export const set =
  (member: string, value: unknown) =>
  (sent: Sent): Sent => ({ ...sent, [member]: value });

export const setData =
  (member: string, value: unknown) =>
  (sent: Sent): Sent => ({ ...sent, data: { ...sent.data, [member]: value } });

/** Sets a member by its path, `id` or `data.workerId`. */
export const setAt = (path: string, value: unknown) =>
  path.startsWith('data.') ? setData(path.slice('data.'.length), value) : set(path, value);
