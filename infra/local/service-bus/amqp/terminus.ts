import type { Receiver, Sender } from 'rhea';
import type { Refusal } from '../refusal';
import { attachOf } from './rhea-internals';

/** The largest message that a link takes, in bytes; Azure's standard tier has the same. */
export const MAX_MESSAGE_SIZE = 256 * 1024;

/** Answers an attach with the peer's own terms. Messages to us are always settled at once, whatever was asked. */
export function mirrorAttach(link: Sender | Receiver): void {
  const { local, remote } = attachOf(link);
  local.attach.snd_settle_mode = remote.attach.snd_settle_mode;
  local.attach.rcv_settle_mode = link.is_receiver() ? 0 : remote.attach.rcv_settle_mode;
  local.attach.max_message_size = MAX_MESSAGE_SIZE;
  if (remote.attach.source) link.set_source(link.source);
  if (remote.attach.target) link.set_target(link.target);
}

/** Refuses an attach: it is answered with no source and target and then detached with the error (AMQP 1.0, 2.6.3). */
export function refuseAttach(link: Sender | Receiver, { condition, message }: Refusal): void {
  const { local } = attachOf(link);
  local.attach.source = null;
  local.attach.target = null;
  link.close({ condition, description: message });
}
