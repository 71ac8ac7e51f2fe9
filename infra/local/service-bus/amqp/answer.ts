import type { Delivery } from 'rhea';
import { Refusal } from '../refusal';
import { mutable, outcomes } from './rhea-internals';

/** What the peer is told about an exception: a Refusal as it is, a defect as an internal error. */
export function refusalFrom(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  console.error('service-bus: unexpected error:', error);
  const text = error instanceof Error ? error.message : String(error);
  return new Refusal('amqp:internal-error', text, 500);
}

/** Settles a delivery as accepted. */
export function accept(delivery: Delivery): void {
  settleWith(delivery, outcomes.accepted().described());
}

/**
 * Settles a delivery as rejected, in a turn of the event loop of its own: rhea 3.0.5 folds two neighbouring dispositions
 * of one turn into the outcome of the first, so a rejection could go out as an acceptance or the other way round.
 */
export function reject(delivery: Delivery, { condition, message }: Refusal): void {
  setImmediate(() => {
    settleWith(
      delivery,
      outcomes.rejected({ error: { condition, description: message } }).described(),
    );
  });
}

function settleWith(delivery: Delivery, outcome: unknown): void {
  delivery.update(true, outcome);
  // The peer does not settle back; without this rhea would keep the delivery for good.
  mutable(delivery).remote_settled = true;
}
