import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  readEvent,
  type AcceptedEvent,
  type RejectedMessage,
} from '../../../shared/domain/events/read-event';
import { SOURCE } from '../../support/events';
import type { Case } from './mutation';
import { reread } from './reread';

export type Answer = AcceptedEvent | RejectedMessage;
export type Read = (body: Uint8Array) => Answer;

export const readBody: Read = (body) => readEvent(body, { sources: [SOURCE] });

/** The fault in the intake's answer to a body, in a sentence; undefined if the answer is right. */
export function evaluate({ body, expected, planted }: Case, answer: Answer): string | undefined {
  const hash = createHash('sha256').update(body).digest('hex');
  if (answer.bodyHash !== hash) return 'the body hash is not that of the body';
  if (({} as { isAdmin?: unknown }).isAdmin !== undefined)
    return 'the prototype of all objects was changed';
  if (answer.kind === 'accepted') {
    if (expected.kind === 'rejected') return `accepted, though ${expected.reason}`;
    const event = expected.kind === 'accepted' ? expected.event : reread(body);
    if (!event) return 'accepted, though the second reader rejects it';
    return isDeepStrictEqual(plain(answer.event), plain(event))
      ? undefined
      : 'accepted as another event';
  }
  return evaluateRejection(answer, expected, body) ?? leakIn(answer, planted);
}

/** Without prototypes and absent members. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function evaluateRejection(
  { reason, field, rule, eventId }: RejectedMessage,
  expected: Case['expected'],
  body: Uint8Array,
): string | undefined {
  const answered = `rejected as ${reason} in ${field ?? 'the body'}`;
  if (rule === '') return `${answered} without a rule`;
  if (expected.kind === 'accepted') return `${answered}, though valid`;
  if (expected.kind === 'open')
    return HIDDEN.has(reason) || !reread(body)
      ? undefined
      : `${answered}, though the second reader accepts it`;
  if (reason !== expected.reason) return `${answered}, not as ${expected.reason}`;
  if (expected.field !== undefined && field !== expected.field)
    return `${answered}, not in ${expected.field}`;
  if ('identified' in expected && eventId !== expected.identified)
    return `${answered}, without its id`;
  return undefined;
}

/** Reasons that the second reader cannot see. */
const HIDDEN = new Set([
  'duplicate-key',
  'forbidden-key',
  'too-deep',
  'lone-surrogate',
  'byte-order-mark',
]);

const WINDOW = 6;

function leakIn(answer: RejectedMessage, planted: readonly string[]): string | undefined {
  const text = JSON.stringify(answer);
  const leak = planted.some((secret) =>
    Array.from({ length: secret.length - WINDOW + 1 }, (_, at) =>
      secret.slice(at, at + WINDOW),
    ).some((piece) => text.includes(piece)),
  );
  return leak ? `rejected as ${answer.reason}, repeating what the sender wrote` : undefined;
}
