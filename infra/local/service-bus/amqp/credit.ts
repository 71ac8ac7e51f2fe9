import type { Sender } from 'rhea';
import { connectionInternals, senderInternals, sessionInternals } from './rhea-internals';

/** How many more messages may be chosen for a receiver, and the two steps of one on its way out. */
export type Credit = {
  available: () => number;
  /** A message was chosen and waits for its journal entry. */
  reserve: () => void;
  /** It was given to rhea, or (`sent` false) to nobody. */
  use: (sent: boolean) => void;
  /** Tells a client that asked to drain its credit that nothing more is coming. */
  drained: () => void;
};

/**
 * Keeps count of a receiver's credit. rhea lowers `credit` only when it writes a transfer, and it leaves the drain flag
 * out of the answer when the credit has just been used up, for which the SDK would wait in vain; both are made good here.
 */
export function creditOf(sender: Sender): Credit {
  const state = senderInternals(sender);
  let reserved = 0;
  let sent = 0;
  let skippedByDraining = 0;
  state._get_drain = () => {
    if (!state._draining || !state._drained) return false;
    skippedByDraining += state.credit;
    state.delivery_count += state.credit;
    state.credit = 0;
    return true;
  };
  return {
    available() {
      if (!sender.is_open()) return 0;
      const unwritten = sent - (state.delivery_count - skippedByDraining);
      const room = sessionInternals(sender.session).outgoing.available();
      return Math.min(state.credit - unwritten, room) - reserved;
    },
    reserve() {
      reserved += 1;
    },
    use(wasSent) {
      reserved -= 1;
      if (wasSent) sent += 1;
    },
    drained() {
      sender.set_drained(true);
      connectionInternals(sender.connection)._register();
    },
  };
}
