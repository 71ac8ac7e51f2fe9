/** What the host's app talks to. */
export type Dependency = 'bus' | 'tables' | 'graph';

/** One call that passes a proxy: by its number, what it goes to and what it is. */
export type Call = { n: number; to: Dependency; what: string };

/**
 * What becomes of a call: it never leaves; it is done but its answer is lost (whole, behind its first half, or behind a
 * page of some gateway, with status 502 or with 200); its answer comes under a wrong type; it waits first. On the bus,
 * where there is no HTTP, the last three of the answers are bytes that are no AMQP.
 */
export type Fault =
  | { kind: 'cut-before' }
  | { kind: 'cut-after' }
  | { kind: 'truncate' }
  | { kind: 'gateway-page' }
  | { kind: 'login-page' }
  | { kind: 'wrong-type' }
  | { kind: 'delay'; ms: number };

/** Decides about each call when it comes. `now` runs at the moment of the fault: before the call leaves, or once it is done. */
export type Verdict = Fault & { now?: () => void };

/** Sees every call of all three proxies, numbers them, and lets a test decide what becomes of them. */
export type Tap = {
  see: (to: Dependency, what: string) => Verdict | undefined;
  /** Forgets the calls seen so far and lets `decide` judge from now on; without it everything passes. */
  watch: (decide?: (call: Call) => Verdict | undefined) => void;
  seen: () => readonly Call[];
};

export function createTap(): Tap {
  let calls: Call[] = [];
  let judge: (call: Call) => Verdict | undefined = () => undefined;
  return {
    see: (to, what) => {
      const call = { n: calls.length + 1, to, what };
      calls.push(call);
      return judge(call);
    },
    watch: (decide = () => undefined) => {
      calls = [];
      judge = decide;
    },
    seen: () => calls,
  };
}
