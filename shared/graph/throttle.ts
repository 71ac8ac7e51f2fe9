import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { GraphError, retryAfterSeconds, UNSAID_SECONDS } from './errors';
import type { Transport } from './transport';

/** The time before which no process may call Graph in this tenant; shared by all of them. */
export type Throttle = {
  /** How long either of both may take, in milliseconds. */
  withinMs: number;
  /** Milliseconds until calls are welcome again; 0 if they are now. */
  waitMs: () => Promise<number>;
  /** Tells everybody to wait for so long from now. */
  learn: (ms: number) => Promise<void>;
};

/**
 * Sends nothing while the throttle says so: the call then ends as `throttled`, at no cost to Graph, because refused calls
 * count against the limit too. What Graph says of its load is passed on to everybody else.
 * Source: https://learn.microsoft.com/graph/throttling
 */
export function throttled(send: Transport, throttle: Throttle): Transport {
  return async (call) => {
    const waitMs = await throttle.waitMs();
    if (waitMs > 0) {
      const retryAfter = spread(waitMs / 1000, Math.random());
      const fault = { code: 'throttled', retryAfterSeconds: retryAfter, ambiguous: false };
      throw new GraphError(call.operation, fault);
    }
    const response = await send(call);
    const seconds = askedToWait(response);
    if (seconds > 0) await throttle.learn(seconds * 1000);
    return response;
  };
}

/** Seconds for which an answer stops all calls; an outage that names no time stops none. */
function askedToWait({ status, headers }: PipelineResponse): number {
  if (status !== 429 && status !== 503) return 0;
  const asked = retryAfterSeconds(headers.get('retry-after'), Date.now());
  return asked ?? (status === 429 ? UNSAID_SECONDS : 0);
}

const WIDEST_SPREAD = 30;

/** Seconds to wait, up to a tenth more and a second, so that not all who wait come back at once. `dice`: from 0 to 1. */
export const spread = (seconds: number, dice: number): number =>
  Math.ceil(10 * (seconds + dice * Math.min(1 + seconds / 10, WIDEST_SPREAD))) / 10;
