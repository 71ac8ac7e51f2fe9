import { randomUUID } from 'node:crypto';
import { RECONCILE, type CLOCK, type RECHECK } from '../domain/events/event';
import { eventHash as hashOf, instanceId, jsonHash } from '../domain/events/keys';
import type { ReplayRequest } from '../domain/events/operator-request';
import { factOfClaim, replayKey, runOf, whyNoReplay, type Claim } from '../domain/workflow/claim';
import type { EndedRequest } from '../domain/workflow/audit-entry';
import { priorityOf } from '../domain/lifecycle/priority';
import type { Priority } from '../domain/lifecycle/priority';
import type { Run } from '../domain/workflow/run';
import type { LoadedModel } from '../config/load-model';
import { runs, type Claims, type Execution } from '../storage/claims';
import type { Due, DuePlace } from '../storage/due';
import { TooManyNumbers, type Workers } from '../storage/workers';
import { HostUnavailable, isRunning, type RunHost } from './run-host';

type NextAttemptServices = {
  claims: Pick<Claims, 'read' | 'reopen'>;
  due: Pick<Due, 'schedule' | 'cancel'>;
  workers: Pick<Workers, 'addFact'>;
  config: { recovery: { delaySeconds: number } };
};

/** One delivery of a message: when it arrived (ISO 8601), and what distinguishes its rows from those of another delivery. */
export type Delivery = { now: string; owner: string };

/** The attempt to start, if any. If a replay starts none, `noReplay` is why. */
export type Claimed = { attempt?: number; noReplay?: string };

/** Claims the next attempt at a closed event, with the fact in its claim. Idempotent: see claimAttempt. */
export async function claimNextAttempt(
  services: NextAttemptServices,
  { eventHash, attempt, marks }: ReplayRequest,
  delivery: Delivery,
): Promise<Claimed | 'unknown-event'> {
  const { claims, due } = services;
  const found = await claims.read(eventHash);
  if (!found) return 'unknown-event';
  if (whyNoReplay(found, marks, attempt) === undefined) {
    const { contentHash, fact } = found;
    const fresh: Claim = {
      ...{ state: 'claimed', contentHash, attempt: 1 },
      fact: { ...fact, receivedAt: delivery.now },
      due: await scheduleRecovery(services, eventHash, delivery),
      ...{ replay: marks, replays: [replayKey(marks)], updatedAt: delivery.now },
    };
    const reopened = await claims.reopen(eventHash, fresh, attempt);
    if (reopened) return readyToStart(services, eventHash, reopened);
    await due.cancel(fresh.due);
  }
  const held = (await claims.read(eventHash)) ?? found;
  if (held.state === 'claimed') return readyToStart(services, eventHash, held);
  return { noReplay: whyNoReplay(held, marks, attempt) ?? 'open' };
}

/** Records the fact of a claimed event before its run may begin. Idempotent: whoever finds the claim does it again. */
export async function readyToStart(
  { workers }: Pick<NextAttemptServices, 'workers'>,
  eventHash: string,
  claim: Claim,
): Promise<Claimed> {
  const fact = factOfClaim(eventHash, claim);
  if (fact) await workers.addFact(fact);
  return { attempt: claim.attempt };
}

/** Written before the claim, so that no open claim is ever without one. */
export function scheduleRecovery(
  { due, config }: Pick<NextAttemptServices, 'due' | 'config'>,
  eventHash: string,
  { now, owner }: Delivery,
): Promise<DuePlace> {
  const at = new Date(Date.parse(now) + config.recovery.delaySeconds * 1000);
  return due.schedule(eventHash, at.toISOString(), owner);
}

/** Starts the orchestration of one attempt unless it runs already. Throws HostUnavailable if neither can be confirmed. */
export async function startRun(
  host: Pick<RunHost, 'start' | 'status'>,
  { eventHash, eventSource }: { eventHash: string; eventSource: string },
  attempt: number,
): Promise<void> {
  const id = instanceId(eventHash, attempt);
  const orchestration = eventSource === RECONCILE ? 'reconcile' : 'accessChange';
  try {
    // The token is part of the input, so that every replay of the orchestration has the same one.
    await host.start(id, { eventHash, attempt, token: randomUUID() }, orchestration);
  } catch {
    // A start may succeed although its answer is lost, so the status decides.
    const status = await host.status(id);
    if (!isRunning(status) && status !== 'Completed')
      throw new HostUnavailable('the orchestration did not start');
  }
}

/**
 * Makes this execution the run of its attempt. Undefined when the attempt is closed, is not the current one, or is run by
 * another execution: a late or doubled start does nothing.
 */
export async function startAttempt(
  services: {
    claims: Pick<Claims, 'start'>;
    workers: Pick<Workers, 'person'>;
    model: () => LoadedModel;
  },
  execution: Execution & { version?: number | undefined },
): Promise<{ run: Run; priority?: Priority; ended: EndedRequest | undefined } | undefined> {
  const claim = await services.claims.start(execution, new Date().toISOString());
  if (claim?.state !== 'started' || !runs(claim, execution)) return undefined;
  const run = runOf(claim, execution.token);
  const person = await personOf(services, run);
  const { ended } = claim;
  if (!person) return { run, ended };
  const { facts, holdings, root: personId } = person;
  const held = holdings.filter(({ state }) => state !== 'idle').map((one) => one.packageKey);
  // Of an end or a start that is ahead, what counts is how it will be.
  const at = Math.max(Date.now(), Date.parse(run.fact.actAt ?? '') || 0);
  const priority = priorityOf(facts, held, services.model().model, at);
  return { run: { ...run, personId }, priority, ended };
}

/** The run with the number that stands for its person. */
export async function withPerson(
  services: { workers: Pick<Workers, 'person'> },
  run: Run,
): Promise<Run> {
  const person = await personOf(services, run);
  return person ? { ...run, personId: person.root } : run;
}

/** Undefined for numbers that cannot be one person's: they are not joined, and the plan of the run says so. */
async function personOf({ workers }: { workers: Pick<Workers, 'person'> }, { fact }: Run) {
  try {
    return await workers.person(fact.workerId);
  } catch (error) {
    if (error instanceof TooManyNumbers) return undefined;
    throw error;
  }
}

/**
 * An event that the app makes itself. `id` is `<worker id>@<what for>`, or `reconcile@<run>`, which is about no worker; `at` (ISO 8601): the instant that it is for. `by` and
 * `reason`: of the person who asks for it. `ended`: the request whose end it is for.
 */
export type OwnEvent = {
  source: typeof CLOCK | typeof RECHECK | typeof RECONCILE;
  id: string;
  workerId?: string | undefined;
  at: string;
  by?: string | undefined;
  reason?: string | undefined;
  ended?: EndedRequest | undefined;
};

const types = {
  'urn:joinery:clock': 'joinery.clock.v1',
  'urn:joinery:recheck': 'joinery.recheck.v1',
  'urn:joinery:reconcile': 'joinery.reconcile.v1',
} as const satisfies Record<OwnEvent['source'], string>;

/**
 * Claims and starts an event of our own, which has a chain and an end like every other, and states no fact. Idempotent: an
 * event that is known already starts only if its start was lost. Throws StoreUnavailable or HostUnavailable.
 */
export async function startOwnEvent(
  {
    claims,
    due,
    config,
  }: Pick<NextAttemptServices, 'due' | 'config'> & { claims: Pick<Claims, 'claim'> },
  host: Pick<RunHost, 'start' | 'status'>,
  event: OwnEvent,
): Promise<{ eventHash: string; isNew: boolean }> {
  const { source, id, workerId, at, by, reason, ended } = event;
  const hash = hashOf(source, id);
  const contentHash = jsonHash({ source, id, workerId, at });
  const now = new Date().toISOString();
  const place = await scheduleRecovery({ due, config }, hash, { now, owner: randomUUID() });
  const held = await claims.claim(hash, {
    ...{ state: 'claimed', contentHash, attempt: 1, due: place, updatedAt: now, ended },
    fact: {
      ...{ eventId: id, eventSource: source, eventType: types[source], bodyHash: contentHash },
      ...(workerId !== undefined && { workerId, employmentId: 'primary' }),
      ...{ actAt: at, occurredAt: at, receivedAt: now },
      ...(by !== undefined && { requestedBy: by }),
      ...(reason !== undefined && { requestReason: reason }),
    },
  });
  const isNew = held === 'claimed';
  if (!isNew) await due.cancel(place);
  if (isNew || held.state === 'claimed')
    await startRun(host, { eventHash: hash, eventSource: source }, isNew ? 1 : held.attempt);
  return { eventHash: hash, isNew };
}
