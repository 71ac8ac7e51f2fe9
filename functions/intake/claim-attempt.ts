import type { ReplayMarks } from '../../shared/domain/events/event';
import type { AcceptedEvent } from '../../shared/domain/events/read-event';
import { whyNoReplay } from '../../shared/domain/workflow/replay';
import type { Services } from '../services';
import { claimOf, type Delivery } from './claim-of';

/** The attempt to start, if any; if none although the message says that it is a replay, why. */
export type Claimed = { attempt?: number; noReplay?: string | undefined };

/**
 * Claims the event, or a new attempt at it for a replay. A message that says what is known already starts nothing, unless
 * the start of what it claimed is still to come.
 */
export async function claimAttempt(
  services: Services,
  read: AcceptedEvent,
  marks: ReplayMarks | undefined,
  delivery: Delivery,
): Promise<Claimed | 'id-reused'> {
  const { claims, due } = services;
  const { eventHash } = read;
  const claim = await claimOf(services, read, marks, delivery);
  const held = await claims.claim(eventHash, claim);
  if (held === 'claimed') return { attempt: 1 };
  const isSame = held.contentHash === read.contentHash;
  const reopened = isSame && marks ? await claims.reopen(eventHash, claim) : undefined;
  if (reopened) return { attempt: reopened.attempt };
  // Another claim has the event, and its own watch.
  if (held.due.key !== claim.due.key) await due.forget(claim.due);
  if (!isSame) return 'id-reused';
  if (held.state === 'claimed') return { attempt: held.attempt };
  return marks ? { noReplay: whyNoReplay(held, marks) ?? 'open' } : {};
}
