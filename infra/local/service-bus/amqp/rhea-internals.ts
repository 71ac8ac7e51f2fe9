import { message, types } from 'rhea';
import type { Connection, Delivery, Receiver, Sender, Session } from 'rhea';

/**
 * The members of rhea that a server needs and that its typings omit or mark as read-only. The version of rhea is fixed;
 * no other file of this folder bypasses the typings.
 */
type Attach = {
  source: unknown;
  target: unknown;
  snd_settle_mode: number;
  rcv_settle_mode: number;
  max_message_size: number;
};
type LinkInternals = { local: { attach: Attach }; remote: { attach: Attach } };
type SenderInternals = LinkInternals & {
  credit: number;
  delivery_count: number;
  _draining: boolean;
  _drained: boolean;
  _get_drain: () => boolean;
};
type SessionInternals = {
  outgoing: {
    available: () => number;
    /** The transfers that the peer's session still takes; NaN before its first flow. */
    transfer_window: () => number;
    next_delivery_id: number;
    next_pending_delivery: number;
  };
  on_flow: (frame: unknown) => void;
};
type ConnectionInternals = {
  _register: () => void;
  on_transfer: (frame: { performative: { message_format?: number | null } }) => void;
};
type MutableDelivery = { settled: boolean; remote_settled: boolean };
type TypesInternals = {
  Writer: new () => { write: (value: unknown) => void; toBuffer: () => Buffer };
};
type Outcomes = {
  accepted: () => { described: () => unknown };
  rejected: (fields: object) => { described: () => unknown };
};

export const attachOf = (link: Sender | Receiver): LinkInternals =>
  link as unknown as LinkInternals;
export const senderInternals = (sender: Sender): SenderInternals =>
  sender as unknown as SenderInternals;
export const sessionInternals = (session: Session): SessionInternals =>
  session as unknown as SessionInternals;
/** The name under which the client addressed this server. */
export const hostOf = (connection: Connection): string =>
  (connection as unknown as { remote: { open: { hostname: string } } }).remote.open.hostname;
export const connectionInternals = (connection: Connection): ConnectionInternals =>
  connection as unknown as ConnectionInternals;
export const mutable = (delivery: Delivery): MutableDelivery => delivery;
export const outcomes = message as unknown as Outcomes;

/** The AMQP encoding of a value that rhea decoded with its type. */
export function encoded(typed: unknown): Buffer {
  const writer = new (types as unknown as TypesInternals).Writer();
  writer.write(typed);
  return writer.toBuffer();
}
