import type { RejectionReason } from '../../../shared/domain/events/rejection';
import type { EventBody } from '../../support/events';

export type Members = Record<string, unknown>;

/** A valid event as a sender writes it, and as the intake must read it. */
export type Valid = { sent: EventBody; event: Members };

/** The checks of the contract in their order: the first that fails gives the reason. */
export const CHECKS = [
  ...['empty', 'too-large', 'byte-order-mark', 'encoding', 'json', 'not-an-object'],
  ...['specversion', 'type', 'source', 'id', 'time', 'subject', 'datacontenttype'],
  ...['replayid', 'replayreason', 'replayedby', 'data'],
  ...['data.workerId', 'data.employmentId', 'data.sequence', 'data.startDate', 'data.endDate'],
  ...['data.timeZone', 'data.attributes', 'end-before-start', 'subject-mismatch'],
  'source-not-listed',
] as const;
export type Check = (typeof CHECKS)[number];

/**
 * One change of a valid event. With a `fault` it breaks the contract, in one `check`, for one reason. Without one, the
 * event must still be accepted as the same event. `touches` lists the members that must not change otherwise: two mutations
 * that touch the same member are not combined. `planted` is a text of the sender that no answer may repeat.
 */
export type Mutation = {
  name: string;
  touches: readonly string[];
  fault?: { check: Check; reason: RejectionReason; field?: string };
  planted?: string;
  onEvent?: (sent: EventBody) => EventBody;
  onText?: (text: string) => string;
  onBytes?: (bytes: Uint8Array) => Uint8Array;
};

/** The right answer to a body. `open`: the second reader in reread.ts decides. */
export type Expected =
  | { kind: 'rejected'; reason: RejectionReason; field?: string; identified?: string }
  | { kind: 'accepted'; event: Members }
  | { kind: 'open' };

/** One body, how it was made, and the right answer to it. */
export type Case = {
  family: string;
  changes: string[];
  body: Uint8Array;
  expected: Expected;
  planted: string[];
};

export const set =
  (member: string, value: unknown) =>
  (sent: EventBody): EventBody => ({ ...sent, [member]: value });

export const setData =
  (member: string, value: unknown) =>
  (sent: EventBody): EventBody => ({ ...sent, data: { ...sent.data, [member]: value } });

/** Sets a member by its path, `id` or `data.workerId`. */
export const setAt = (path: string, value: unknown) =>
  path.startsWith('data.') ? setData(path.slice('data.'.length), value) : set(path, value);

/** A mutation that sets the member at `path` to a value that is wrong for `reason`. */
export const wrongMember = (
  path: Check,
  reason: RejectionReason,
  value: unknown,
  field: string = path,
): Mutation => ({
  name: `${path} = ${(JSON.stringify(value) as string | undefined)?.slice(0, 60) ?? 'absent'}`,
  touches: [path],
  fault: { check: path, reason, field },
  onEvent: setAt(path, value),
});
