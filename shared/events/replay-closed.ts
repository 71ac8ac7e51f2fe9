import type { AccessModel } from '../domain/access-model/access-model';
import { sourcesOf, type ReplayMarks } from '../domain/events/event';
import { eventHash } from '../domain/events/keys';
import { DAY_MS, daysOf } from '../domain/events/time';
import { replayIdOf, replayMessage } from '../domain/events/operator-request';
import { attributesIn } from '../domain/lifecycle/fact-of';
import { unstoredAttribute } from '../domain/lifecycle/plan';
import { isFinal, whyNoReplay, type StoredClaim } from '../domain/workflow/claim';
import type { ClosingOutcome } from '../domain/workflow/step-outcome';
import { mapConcurrent } from '../promises';
import type { Claims } from '../storage/claims';
import type { LedgerReader } from '../storage/audit';

export type ClosedStores = {
  claims: Pick<Claims, 'read'>;
  audit: Pick<LedgerReader, 'subjectsOfDay' | 'ofEvent'>;
};

/** Who replays and why, and which closed events; see ReplayRequest. */
type ClosedSelection = {
  by: string;
  reason: string;
  eventId?: string | undefined;
  cause?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  package?: string | undefined;
  limit: number;
  attempts: number;
  confirmed: boolean;
  /** The rules of the app; undefined if they cannot be read. */
  model?: AccessModel | undefined;
};

/** What happens to an event that is replayed. */
export type Evaluation = {
  eventId: string | undefined;
  eventHash?: string | undefined;
  /** `send` a copy or a request; only `complete` the dead letter, because its copy has arrived; or `leave` it. */
  action: 'send' | 'complete' | 'leave';
  why: string;
  /** The attempt that a copy begins. */
  attempt?: number;
  /** The recorded codes that say why the event needs a replay. */
  causes: string[];
};

type ClosedLine = Evaluation & {
  closedAt?: string;
  replayId: string;
  result?: 'replayed' | 'left';
};

/** Sends a message that asks for an attempt. Resolves once the queue has accepted it. */
type Send = (body: Uint8Array, marks: ReplayMarks) => Promise<void>;

/** Without a time, closed events are searched for this many days. */
export const REPLAY_DAYS = 30;
const AT_ONCE = 32;

/** A person or the rules decided on these, so nobody replays them by a time alone. */
const DECIDED: readonly ClosingOutcome[] = [
  ...(['denied', 'refused-sod', 'approval-required', 'no-matching-rule'] as const),
  ...(['excluded', 'discarded'] as const),
];

/**
 * Asks the app for the next attempt at each selected closed event except `others`. The facts are in the claim, so only
 * a reference is sent. Without an id, cause, time or package no closed event is selected. `notLookedAt`: how many selected
 * events are behind the limit.
 */
export async function replayClosed(
  stores: ClosedStores,
  queue: { send: Send },
  sources: readonly string[],
  request: ClosedSelection,
  others: ReadonlySet<string>,
): Promise<{ lines: ClosedLine[]; notLookedAt: number }> {
  const selected = await select(stores, sources, request);
  const claims = selected.filter(({ eventHash: hash }) => !others.has(hash));
  const lines: ClosedLine[] = [];
  let replayed = 0;
  for (const claim of claims) {
    // What is left does not count: the oldest may all be such, and those behind them would never be reached.
    if (replayed >= request.limit) break;
    const line = await replayOne(queue, claim, request);
    if (line.action !== 'leave') replayed += 1;
    lines.push(line);
  }
  return { lines, notLookedAt: claims.length - lines.length };
}

async function replayOne(
  queue: { send: Send },
  claim: StoredClaim,
  request: ClosedSelection,
): Promise<ClosedLine> {
  const { attempt, fact, updatedAt } = claim;
  const replayId = replayIdOf(claim.eventHash, attempt);
  const causes = causesOf(claim);
  const { attempts, model } = request;
  const evaluation = evaluateClaim(claim, { id: replayId }, { attempts, causes, model });
  const line = {
    ...evaluation,
    ...(claim.state === 'closed' && { closedAt: updatedAt }),
    replayId,
  };
  if (!request.confirmed) return line;
  if (line.action !== 'send') return { ...line, result: 'left' };
  const { eventSource, eventId } = fact;
  await queue.send(replayMessage({ eventSource, eventId, attempt }, request, new Date()), {});
  return { ...line, result: 'replayed' };
}

async function select(
  { claims, audit }: ClosedStores,
  sources: readonly string[],
  request: ClosedSelection,
): Promise<StoredClaim[]> {
  const { eventId, since, until = new Date() } = request;
  const { cause, package: packageKey } = request;
  const isSelective = [eventId, cause, packageKey, since, request.until].some(
    (given) => given !== undefined,
  );
  if (!isSelective) return [];
  const from = since ?? new Date(until.getTime() - REPLAY_DAYS * DAY_MS);
  const hashes =
    eventId === undefined
      ? await closedBetween(audit, from, until)
      : sourcesOf(eventId, sources).map((source) => eventHash(source, eventId));
  const read = await mapConcurrent(AT_ONCE, hashes, claims.read);
  const found = read.filter((claim) => claim !== undefined);
  const chosen = found.filter((claim) => {
    if (cause !== undefined && !causesOf(claim).includes(cause)) return false;
    const closedAt = new Date(claim.updatedAt);
    if ((since && closedAt < since) || closedAt > until) return false;
    // Of an event that is named, it is said why it is left.
    if (eventId !== undefined) return true;
    if (claim.state !== 'closed' || closedAt < from || isFinal(claim.outcome)) return false;
    return cause !== undefined || claim.outcome === undefined || !DECIDED.includes(claim.outcome);
  });
  const concerned = await mapConcurrent(AT_ONCE, chosen, async (claim) =>
    packageKey === undefined ||
    (await audit.ofEvent(claim.eventHash)).some(
      (row) => row.attempt === claim.attempt && row.packageKey === packageKey,
    )
      ? [claim]
      : [],
  );
  return concerned.flat().sort((one, other) => (one.updatedAt < other.updatedAt ? -1 : 1));
}

async function closedBetween(
  audit: ClosedStores['audit'],
  from: Date,
  until: Date,
): Promise<string[]> {
  const subjects = await mapConcurrent(4, daysOf(from, until), audit.subjectsOfDay);
  return [...new Set(subjects.flatMap(({ eventHashes }) => eventHashes))];
}

const causesOf = ({ outcome, reason }: StoredClaim): string[] =>
  [outcome, reason].filter((code) => code !== undefined);

type Circumstances = {
  attempts: number;
  causes: string[];
  /** The attempt that the replay must follow. */
  after?: number | undefined;
  /** The rules, if the attempt starts from what was stored of the event. */
  model?: AccessModel | undefined;
};

/** Whether a replay with these marks starts the next attempt, and why not. */
export function evaluateClaim(
  claim: StoredClaim,
  marks: ReplayMarks,
  { attempts, causes, after, model }: Circumstances,
): Evaluation {
  const { outcome = 'closed', attempt, eventHash: hash, fact } = claim;
  const about = {
    eventId: fact.eventId,
    eventHash: hash,
    causes: [...new Set([...causes, ...causesOf(claim)])],
  };
  const leave = (why: string): Evaluation => ({ ...about, action: 'leave', why });
  switch (whyNoReplay(claim, marks, after)) {
    case 'seen':
      return { ...about, action: 'complete', why: 'its copy was accepted before' };
    case 'open':
      return leave(`in progress: ${claim.state}`);
    case 'outdated':
      return leave(`attempt ${attempt} has run since`);
    case 'final':
      return leave(`ended as ${outcome}, which is never run again`);
    case 'worn-out':
      return leave(`had ${attempt} attempts`);
    case undefined:
      if (attempt >= attempts) return leave(`had ${attempt} attempts, the limit of this replay`);
      break;
  }
  const unstored = model && unstoredIn(model, claim);
  if (unstored !== undefined)
    return leave(
      `the rules ask about ${unstored}, which was not stored of this event: replay HR's body with --file`,
    );
  return { ...about, action: 'send', why: `ended as ${outcome}`, attempt: attempt + 1 };
}

function unstoredIn(model: AccessModel, { content }: StoredClaim): string | undefined {
  for (const { attributes } of content ? attributesIn(content) : []) {
    const name = unstoredAttribute(model, { attributes, unstored: content?.unstored });
    if (name !== undefined) return name;
  }
  return undefined;
}
