import type { Evidence } from '../evidence';
import type { Sent } from '../events';
import { claimsIn } from './rows';

/** No message is lost: what the bus no longer has, has a claim or a rejected row; and nothing good is dead-lettered. */
export function messageFaults(
  { tables, queue, deadLetters }: Evidence,
  sent: readonly Sent[],
): string[] {
  const claimed = new Set(claimsIn(tables.claims).map(({ partitionKey }) => partitionKey));
  const rejected = new Set(
    tables.audit.filter(({ kind }) => kind === 'rejected').map(({ bodyHash }) => bodyHash),
  );
  const held = new Set([...queue, ...deadLetters].map(({ bodyHash }) => bodyHash));
  const dead = new Set(deadLetters.map(({ bodyHash }) => bodyHash));
  const found = sent.flatMap(({ bodyHash, eventHash, expect }) => {
    const isRecorded = rejected.has(bodyHash) || claimed.has(eventHash);
    return [
      !held.has(bodyHash) &&
        !isRecorded &&
        `message completed without a claim or a rejected row: ${bodyHash}`,
      expect === 'rejected' &&
        !rejected.has(bodyHash) &&
        `refused message without a rejected row: ${bodyHash}`,
      expect === 'rejected' &&
        !dead.has(bodyHash) &&
        `refused message is not a dead letter: ${bodyHash}`,
      expect === 'accepted' && rejected.has(bodyHash) && `good message was rejected: ${bodyHash}`,
      expect === 'accepted' && dead.has(bodyHash) && `good message is a dead letter: ${bodyHash}`,
    ];
  });
  const left = queue.map(({ bodyHash }) => `message still in the queue: ${bodyHash}`);
  return [...found.filter((fault) => fault !== false), ...left];
}
