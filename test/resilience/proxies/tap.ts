/** What the host's app calls. */
export type Dependency = 'bus' | 'tables' | 'graph';

/** One call that passes a proxy: its number, its receiver and its request line. */
export type Call = { n: number; to: Dependency; what: string };

/**
 * What happens to a call. `cut-before`: it never leaves. `cut-after`, `truncate`, `gateway-page`, `login-page`: it is
 * carried out, but its answer is lost, cut in half, or replaced by an HTML page with status 502 or 200. `wrong-type`: its
 * answer has a wrong content type. `delay`: it leaves `ms` later. `silence`: neither it nor anything after it passes, in
 * either direction, while the connection stays open. On the bus, which has no HTTP, the pages and the wrong type are bytes
 * that are not AMQP. `refuse`, over HTTP only: the call never leaves, and is answered as a service that does not allow it.
 */
export type Fault =
  | { kind: 'cut-before' }
  | { kind: 'cut-after' }
  | { kind: 'truncate' }
  | { kind: 'gateway-page' }
  | { kind: 'login-page' }
  | { kind: 'wrong-type' }
  | { kind: 'silence' }
  | { kind: 'refuse'; status: number; body: object }
  | { kind: 'delay'; ms: number };

/** A fault for one call. `onFault` runs when the fault happens: before the call leaves, or after it was carried out. */
export type Interception = Fault & { onFault?: () => void };

/** Decides what happens to a call; `undefined` lets it pass. */
export type Decide = (call: Call) => Interception | undefined;

/** Records and numbers the calls through all proxies, and lets a test decide what happens to each. */
export type Tap = {
  /** For the proxies: records a call and answers what to do with it. */
  record: (to: Dependency, what: string) => Interception | undefined;
  /** Drops the recorded calls and asks `decide` about each from now on; without it all calls pass. */
  intercept: (decide?: Decide) => void;
  /** The calls since the last `intercept`. */
  calls: () => readonly Call[];
};

export function createTap(): Tap {
  const pass: Decide = () => undefined;
  let calls: Call[] = [];
  let current = pass;
  return {
    record: (to, what) => {
      const call = { n: calls.length + 1, to, what };
      calls.push(call);
      return current(call);
    },
    intercept: (decide = pass) => {
      calls = [];
      current = decide;
    },
    calls: () => calls,
  };
}
