import type { ReplayRequest } from '../domain/events/replay-request';
import { replayKey, whyNoReplay, type Claim } from '../domain/workflow/claim';
import type { Claims } from '../storage/claims';
import type { Due, DuePlace } from '../storage/due';

type NextAttemptServices = {
  claims: Pick<Claims, 'read' | 'reopen'>;
  due: Pick<Due, 'schedule' | 'cancel'>;
  config: { recovery: { delaySeconds: number } };
};

/** One delivery of a message: when it arrived (ISO 8601), and what distinguishes its rows from those of another delivery. */
export type Delivery = { now: string; owner: string };

/** The attempt to start, if any. If a replay starts none, `noReplay` is why. */
export type Claimed = { attempt?: number; noReplay?: string };

/** Claims the next attempt at a closed event with the facts in its claim. Idempotent: see claimAttempt. */
export async function claimNextAttempt(
  services: NextAttemptServices,
  { eventHash, attempt, marks }: ReplayRequest,
  delivery: Delivery,
): Promise<Claimed | 'unknown-event'> {
  const { claims, due } = services;
  const found = await claims.read(eventHash);
  if (!found) return 'unknown-event';
  if (whyNoReplay(found, marks, attempt) === undefined) {
    const { contentHash, fact, endDate, attributes } = found;
    const fresh: Claim = {
      ...{ state: 'claimed', contentHash, attempt: 1, endDate, attributes },
      fact: { ...fact, receivedAt: delivery.now },
      due: await scheduleRecovery(services, eventHash, delivery),
      ...{ replay: marks, replays: [replayKey(marks)], updatedAt: delivery.now },
    };
    const reopened = await claims.reopen(eventHash, fresh, attempt);
    if (reopened) return { attempt: reopened.attempt };
    await due.cancel(fresh.due);
  }
  const held = (await claims.read(eventHash)) ?? found;
  if (held.state === 'claimed') return { attempt: held.attempt };
  return { noReplay: whyNoReplay(held, marks, attempt) ?? 'open' };
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
