import type { Delivery, Receiver, Sender } from 'rhea';
import { Refusal } from '../refusal';
import { attachOf, mutable, outcomes } from './rhea-internals';

/** The answer to the peer for an exception: a Refusal unchanged, a defect as an internal error. */
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
 * Settles a delivery as rejected, in a separate iteration of the event loop: rhea 3.0.5 sends two neighbouring dispositions
 * of one iteration with the outcome of the first, so a rejection could go out as an acceptance or the reverse.
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
  // The peer does not settle back; without this rhea would keep the delivery in memory.
  mutable(delivery).remote_settled = true;
}

/** The largest message that a link takes, in bytes; the same as in Azure's standard tier. */
export const MAX_MESSAGE_SIZE = 256 * 1024;

/** Accepts an attach with the peer's settings. Messages to this server are always settled at once, whatever the peer asks. */
export function acceptAttach(link: Sender | Receiver): void {
  const { local, remote } = attachOf(link);
  local.attach.snd_settle_mode = remote.attach.snd_settle_mode;
  local.attach.rcv_settle_mode = link.is_receiver() ? 0 : remote.attach.rcv_settle_mode;
  local.attach.max_message_size = MAX_MESSAGE_SIZE;
  if (remote.attach.source) link.set_source(link.source);
  if (remote.attach.target) link.set_target(link.target);
}

/** Refuses an attach: answers with no source and target, then detaches with the error (AMQP 1.0, 2.6.3). */
export function refuseAttach(link: Sender | Receiver, { condition, message }: Refusal): void {
  const { local } = attachOf(link);
  local.attach.source = null;
  local.attach.target = null;
  link.close({ condition, description: message });
}
