import { RECONCILE } from '../domain/events/event';
import { eventHash } from '../domain/events/keys';
import { reconcileMessage } from '../domain/events/operator-request';
import type { AskedRun } from '../domain/reconcile/report';
import type {
  ReconcileDecision,
  ReconcileOptions,
  ReconcileRun,
} from '../domain/workflow/activities';
import type { OwnEvent } from '../events/start';
import type { RunRequest, Staging } from '../storage/staging';

/** Ids of runs are times without the marks that ids of events cannot have. */
const idAt = (now: Date, suffix = ''): string =>
  `${now.toISOString().replaceAll(/[-:]/g, '').replace('.', '')}${suffix}`;

const TIMER = 'timer';

/** The event of a run that the timer starts. */
export const timedRun = (now: Date): OwnEvent => ({
  source: RECONCILE,
  id: `reconcile@${idAt(now)}`,
  at: now.toISOString(),
  by: TIMER,
  reason: 'schedule',
});

/** Who has asked for a run, why and for what, as its report says it; undefined for one of the timer. */
export function askedOf({
  fact,
  options,
}: Pick<ReconcileRun, 'fact' | 'options'>): AskedRun | undefined {
  const { requestedBy: by = 'unknown', requestReason: reason } = fact;
  const { dryRun, acceptLists, packageKey, workerId } = options;
  if (by === TIMER) return undefined;
  return {
    ...{ by, ...(reason !== undefined && { reason }) },
    ...(dryRun && { dryRun }),
    ...(packageKey !== undefined && { packageKey }),
    ...(workerId !== undefined && { workerId }),
    ...(acceptLists && { acceptLists }),
  };
}

/**
 * Asks the app for a run of the reconciliation: writes down who asks, why and what for, then sends the id of the event that
 * is to start. Answers its event id and hash, and the id of the run. Throws the errors of store and queue.
 */
export async function requestReconciliation(
  staging: Pick<Staging, 'ask'>,
  send: (body: Uint8Array) => Promise<void>,
  { by, reason, ...options }: ReconcileOptions & { by: string; reason: string },
  now: Date,
): Promise<{ eventId: string; eventHash: string; run: string }> {
  const run = idAt(now, '-asked');
  const id = `reconcile@${run}`;
  const hash = eventHash(RECONCILE, id);
  await staging.ask(hash, { id, at: now.toISOString(), by, reason, ...options });
  await send(reconcileMessage(id, now));
  return { eventId: id, eventHash: hash, run };
}

/**
 * Asks the app to carry out a decision about a brake of a run, the `index`th of it. The first decision about a brake stands:
 * it is what is answered, whoever asks. Asked again in the same sense, the same event is sent, which is begun once. Throws the
 * errors of store and queue.
 */
export async function requestDecision(
  staging: Pick<Staging, 'ask' | 'asked'>,
  send: (body: Uint8Array) => Promise<void>,
  { run, index, ...decision }: ReconcileDecision & { run: string; index: number },
  now: Date,
): Promise<{ eventHash: string; asked: RunRequest | undefined }> {
  const { id, hash } = decisionEvent(run, index);
  const { by, reason } = decision;
  await staging.ask(hash, { id, at: now.toISOString(), by, reason, decision });
  const asked = await staging.asked(hash);
  if (asked?.decision?.state === decision.state) await send(reconcileMessage(id, now));
  return { eventHash: hash, asked };
}

/** What was decided about a brake of a run, by whom and why; undefined while nobody has decided. */
export const decisionOf = (
  staging: Pick<Staging, 'asked'>,
  run: string,
  index: number,
): Promise<RunRequest | undefined> => staging.asked(decisionEvent(run, index).hash);

function decisionEvent(run: string, index: number): { id: string; hash: string } {
  const id = `reconcile@${run}.${index}`;
  return { id, hash: eventHash(RECONCILE, id) };
}
