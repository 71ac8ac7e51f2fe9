import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  readEvent,
  type AcceptedEvent,
  type RejectedMessage,
} from '../../../shared/domain/events/read-event';
import { reread } from './reread';
import { SOURCE, type Case } from './sent';

export type Answer = AcceptedEvent | RejectedMessage;
export type Read = (body: Uint8Array) => Answer;

export const readIt: Read = (body) => readEvent(body, { sources: [SOURCE] });

/** What is wrong with the intake's answer to a body, in a sentence; undefined if nothing is. */
export function judge({ body, expected, planted }: Case, answer: Answer): string | undefined {
  const hash = createHash('sha256').update(body).digest('hex');
  if (answer.bodyHash !== hash) return 'the body hash is not that of the body';
  if (({} as { isAdmin?: unknown }).isAdmin !== undefined) return 'every object became an admin';
  if (answer.kind === 'accepted') {
    if (expected.kind === 'rejected') return `accepted, though ${expected.reason}`;
    const event = expected.kind === 'accepted' ? expected.event : reread(body);
    if (!event) return 'accepted, though the second reading refuses it';
    return isDeepStrictEqual(plain(answer.event), plain(event))
      ? undefined
      : 'accepted as another event';
  }
  return judgeFault(answer, expected, body) ?? whatLeaks(answer, planted);
}

/** Without prototypes and absent members. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function judgeFault(
  { reason, field, rule, eventId }: RejectedMessage,
  expected: Case['expected'],
  body: Uint8Array,
): string | undefined {
  const told = `rejected as ${reason} in ${field ?? 'the body'}`;
  if (rule === '') return `${told} without a rule`;
  if (expected.kind === 'accepted') return `${told}, though valid`;
  if (expected.kind === 'open')
    return HIDDEN.has(reason) || !reread(body)
      ? undefined
      : `${told}, though the second reading takes it`;
  if (reason !== expected.reason) return `${told}, not as ${expected.reason}`;
  if (expected.field !== undefined && field !== expected.field)
    return `${told}, not in ${expected.field}`;
  if ('identified' in expected && eventId !== expected.identified) return `${told}, without its id`;
  return undefined;
}

/** What the second reading cannot see. */
const HIDDEN = new Set([
  'duplicate-key',
  'forbidden-key',
  'too-deep',
  'lone-surrogate',
  'byte-order-mark',
]);

const WINDOW = 6;

function whatLeaks(answer: RejectedMessage, planted: readonly string[]): string | undefined {
  const told = JSON.stringify(answer);
  const leak = planted.some((secret) =>
    Array.from({ length: secret.length - WINDOW + 1 }, (_, at) =>
      secret.slice(at, at + WINDOW),
    ).some((piece) => told.includes(piece)),
  );
  return leak ? `rejected as ${answer.reason}, repeating what the sender wrote` : undefined;
}
