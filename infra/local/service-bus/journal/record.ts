import type { Header } from '../codec/message-content';
import type { QueueChange } from '../queue/change';
import type { Lock, Message } from '../queue/message';

/** A message as the journal keeps it: bytes as base64, the rest as it is. */
type StoredMessage = {
  sequenceNumber: number;
  enqueuedAt: number;
  state: Message['state'];
  deliveryCount: number;
  dueAt?: number;
  lock?: Lock;
  header: Header;
  annotations: Record<string, string>;
  bare: string;
};
type WithoutBytes<C> = C extends { bare?: Buffer } ? Omit<C, 'bare'> & { bare?: string } : C;
type StoredChange =
  | { queue: string; do: 'put'; message: StoredMessage }
  | WithoutBytes<Exclude<QueueChange, { do: 'put' }>>;

/** One journal line: changes that hold together, as JSON with a line feed. */
export function lineOf(changes: QueueChange[]): string {
  return `${JSON.stringify(changes.map(stored))}\n`;
}

/** The changes of one journal line. Throws SyntaxError if the line is not whole. */
export function changesOf(line: string): QueueChange[] {
  return (JSON.parse(line) as StoredChange[]).map(restored);
}

function stored(change: QueueChange): StoredChange {
  if (change.do === 'put') return { ...change, message: storedMessage(change.message) };
  if ('bare' in change) return { ...change, bare: change.bare.toString('base64') };
  return change as StoredChange;
}

function restored(change: StoredChange): QueueChange {
  if (change.do === 'put') return { ...change, message: restoredMessage(change.message) };
  if ('bare' in change) return { ...change, bare: bytes(change.bare) };
  return change as QueueChange;
}

function storedMessage({ annotations, bare, ...rest }: Message): StoredMessage {
  const encoded = [...annotations].map(([key, value]) => [key, value.toString('base64')] as const);
  return { ...rest, annotations: Object.fromEntries(encoded), bare: bare.toString('base64') };
}

function restoredMessage({ annotations, bare, ...rest }: StoredMessage): Message {
  const decoded = Object.entries(annotations).map(([key, value]) => [key, bytes(value)] as const);
  return { ...rest, annotations: new Map(decoded), bare: bytes(bare) };
}

function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
