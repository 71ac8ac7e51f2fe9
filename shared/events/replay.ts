import type { AccessModel } from '../domain/access-model/access-model';
import type { ReplayMarks } from '../domain/events/event';
import type { BodyType } from '../domain/events/message-body';
import { readEvent } from '../domain/events/read-event';
import { readOperatorRequest } from '../domain/events/operator-request';
import type { LedgerReader } from '../storage/audit';
import { evaluateClaim, replayClosed, type ClosedStores, type Evaluation } from './replay-closed';

/** A message in the dead-letter queue. */
export type DeadLetter = {
  sequenceNumber: string;
  enqueuedAt: Date | undefined;
  /** The bytes that are read as the event. */
  body: Uint8Array;
  bodyType: BodyType;
  reason: string | undefined;
  description: string | undefined;
};

/** Send a copy with the marks and complete the dead letter, or only complete it. */
export type Resend = { action: 'send' | 'complete'; marks: ReplayMarks };
export type ResendResult = 'replayed' | 'completed' | 'sent, but still a dead letter' | 'not found';

/** The queue and its dead letters. A failure is thrown. */
export type ReplayQueue = {
  /** Peeks at the oldest dead letters. */
  peek: (limit: number) => Promise<DeadLetter[]>;
  /** Sends and completes dead letters by their sequence numbers. */
  resend: (chosen: ReadonlyMap<string, Resend>) => Promise<ReadonlyMap<string, ResendResult>>;
  /** Sends a body as a replay. Resolves once the queue has accepted it. */
  send: (body: Uint8Array, marks: ReplayMarks) => Promise<void>;
};

export type ReplayStores = ClosedStores & { audit: Pick<LedgerReader, 'refusalOf'> };

/** Who replays and why, and which events: of the dead letters, and with a selection the closed ones. */
export type ReplayRequest = {
  by: string;
  reason: string;
  /** Only the event of this CloudEvents id. */
  eventId?: string | undefined;
  /** The bodies of events, instead of dead letters. */
  bodies?: readonly Uint8Array[] | undefined;
  /** Only those with this dead-letter reason, refusal, outcome or reason. */
  cause?: string | undefined;
  /** Only those enqueued or closed in this time. */
  since?: Date | undefined;
  until?: Date | undefined;
  /** Only closed events with a row about this access package. */
  package?: string | undefined;
  /** The maximum number of events that are replayed; those that are left do not count. */
  limit: number;
  /** Events with this many attempts are left. */
  attempts: number;
  /** Carry out the replay; otherwise only preview it. */
  confirmed: boolean;
  /** The rules of the app; undefined if they cannot be read. */
  model?: AccessModel | undefined;
};

export type ReplayLine = Evaluation & {
  sequenceNumber?: string;
  enqueuedAt?: string | undefined;
  deadLetterReason?: string | undefined;
  /** Of an event that is replayed from its claim. */
  closedAt?: string | undefined;
  /** Of a dead letter or a closed event; the replay of a body is identified by its reason and person. */
  replayId?: string | undefined;
  result?: ResendResult | 'left';
};

/** `notLookedAt`: how many events are behind the limit. */
type Replayed = { lines: ReplayLine[]; notLookedAt: number };

/** `isComplete`: every planned copy was sent, and a named event was not left. */
export type ReplayReport = Replayed & { isComplete: boolean };

/** How many dead letters are searched. */
const SEARCH_DEPTH = 10_000;

/**
 * Runs events again: those of the selected dead letters and the selected closed ones, or of bodies. Without confirmation
 * it changes nothing. Throws the errors of queue and stores.
 */
export async function replayEvents(
  stores: ReplayStores,
  queue: ReplayQueue,
  sources: readonly string[],
  request: ReplayRequest,
): Promise<ReplayReport> {
  const { lines, notLookedAt } = request.bodies
    ? { lines: [], notLookedAt: 0 }
    : await replaySelected(stores, queue, sources, request);
  for (const body of request.bodies ?? [])
    lines.push(await replayBody(stores, queue, sources, request, body));
  const isNamed = request.eventId !== undefined || request.bodies !== undefined;
  const isDone = ({ action, result }: ReplayLine): boolean =>
    (action === 'leave' && !isNamed) || result === 'replayed' || result === 'completed';
  return { lines, notLookedAt, isComplete: !request.confirmed || lines.every(isDone) };
}

async function replayBody(
  stores: ReplayStores,
  queue: ReplayQueue,
  sources: readonly string[],
  request: ReplayRequest,
  body: Uint8Array,
): Promise<ReplayLine> {
  const marks = marksOf(undefined, request);
  const line = await evaluate(stores, body, marks, { ...request, sources });
  if (line.action === 'complete') {
    // There is no dead letter to complete: the same person and reason are the same replay.
    const why = 'this replay was accepted before; a new one needs another reason';
    return { ...line, action: 'leave', why };
  }
  if (!request.confirmed || line.action !== 'send') return line;
  await queue.send(body, marks);
  return { ...line, result: 'replayed' };
}

/** Dead letters first. A closed event that one of them runs again is not replayed twice. */
async function replaySelected(
  stores: ReplayStores,
  queue: ReplayQueue,
  sources: readonly string[],
  request: ReplayRequest,
): Promise<Replayed> {
  const { lines, notLookedAt } =
    request.package === undefined
      ? await replayDeadLetters(stores, queue, sources, request)
      : { lines: [], notLookedAt: 0 };
  const replayed = lines.filter(({ action }) => action !== 'leave');
  const run = new Set(replayed.flatMap(({ eventHash }) => eventHash ?? []));
  const limit = request.limit - replayed.length;
  const closed = await replayClosed(stores, queue, sources, { ...request, limit }, run);
  return {
    lines: [...lines, ...closed.lines],
    notLookedAt: notLookedAt + closed.notLookedAt,
  };
}

async function replayDeadLetters(
  stores: ReplayStores,
  queue: ReplayQueue,
  sources: readonly string[],
  request: ReplayRequest,
): Promise<Replayed> {
  const deadLetters = await queue.peek(SEARCH_DEPTH);
  const { lines, notLookedAt } = await choose(stores, deadLetters, sources, request);
  if (!request.confirmed) return { lines, notLookedAt };
  const chosen = new Map<string, Resend>();
  for (const { sequenceNumber = '', action, replayId } of lines) {
    if (action !== 'leave')
      chosen.set(sequenceNumber, { action, marks: marksOf(replayId, request) });
  }
  const results = await queue.resend(chosen);
  const withResults = lines.map((line) => ({
    ...line,
    result: results.get(line.sequenceNumber ?? '') ?? ('left' as const),
  }));
  return { lines: withResults, notLookedAt };
}

/** The dead letters that the request selects, oldest first. */
async function choose(
  stores: ReplayStores,
  deadLetters: readonly DeadLetter[],
  sources: readonly string[],
  request: ReplayRequest,
): Promise<Replayed> {
  const { eventId, cause, since, until, limit } = request;
  const lines: ReplayLine[] = [];
  let replayed = 0;
  for (const [index, { sequenceNumber, enqueuedAt, body, reason }] of deadLetters.entries()) {
    if (replayed >= limit) return { lines, notLookedAt: deadLetters.length - index };
    if (enqueuedAt && ((since && enqueuedAt < since) || (until && enqueuedAt > until))) continue;
    // The same dead letter always has the same replay, so a command that was interrupted can be repeated.
    const replayId = `dead-letter:${sequenceNumber}:${enqueuedAt?.getTime() ?? 0}`;
    const marks = marksOf(replayId, request);
    const evaluation = await evaluate(stores, body, marks, { ...request, sources });
    if (eventId !== undefined && evaluation.eventId !== eventId) continue;
    if (cause !== undefined && ![reason, ...evaluation.causes].includes(cause)) continue;
    if (evaluation.action !== 'leave') replayed += 1;
    lines.push({
      ...{ sequenceNumber, enqueuedAt: enqueuedAt?.toISOString(), deadLetterReason: reason },
      ...{ ...evaluation, replayId },
    });
  }
  return { lines, notLookedAt: 0 };
}

const marksOf = (id: string | undefined, { by, reason }: ReplayRequest): ReplayMarks => ({
  ...(id !== undefined && { id }),
  by,
  reason,
});

/** Applies the same rules as the intake, so that a preview shows what will happen. */
async function evaluate(
  { claims, audit }: ReplayStores,
  body: Uint8Array,
  marks: ReplayMarks,
  {
    sources,
    attempts,
    model,
  }: Pick<ReplayRequest, 'attempts' | 'model'> & { sources: readonly string[] },
): Promise<Evaluation> {
  const request = readOperatorRequest(body, { sources });
  const read = request ?? readEvent(body, { sources });
  const [refusal] = (await audit.refusalOf(read.bodyHash))?.split(':') ?? [];
  const causes = refusal ? [refusal] : [];
  if ('kind' in read && read.kind === 'rejected') {
    const why = `would be refused: ${read.reason}`;
    return { eventId: read.eventId, action: 'leave', why, causes: [...causes, read.reason] };
  }
  const { eventHash } = read;
  const claim = await claims.read(eventHash);
  if (request?.kind === 'own') {
    const { eventId } = request;
    return claim
      ? { eventId, eventHash, action: 'complete', why: 'it was accepted before', causes }
      : { eventId, eventHash, action: 'send', why: 'never accepted', attempt: 1, causes };
  }
  if (claim && (request || ('contentHash' in read && claim.contentHash === read.contentHash)))
    return evaluateClaim(claim, request?.marks ?? marks, {
      attempts,
      causes,
      after: request?.attempt,
      // A body brings its attributes along.
      model: request && model,
    });
  const eventId = 'event' in read ? read.event.id : read.eventId;
  const leave = (why: string): Evaluation => ({ eventId, eventHash, action: 'leave', why, causes });
  if (claim) return leave('would be refused: id-reused');
  if (request) return leave('would be refused: unknown-event');
  return { eventId, eventHash, action: 'send', why: 'never accepted', attempt: 1, causes };
}
