import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { UNSAID_SECONDS } from './answer-table';
import { GraphError, retryAfterSeconds } from './errors';
import type { Transport } from './transport';

/** The time until which no process may call Graph in this tenant, shared by all processes. */
export type Throttle = {
  /** How long each of the two operations may take, in milliseconds. */
  withinMs: number;
  /** Milliseconds until calls may be made again; 0 if they may be made now. */
  waitMs: () => Promise<number>;
  /** Makes all processes wait for so many milliseconds from now. */
  learn: (ms: number) => Promise<void>;
};

/**
 * Sends nothing during a throttling: the call ends as `throttled` without reaching Graph, because refused calls count
 * against the limit too. A wait that Graph asks for is shared with all processes.
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

/** Seconds to wait, plus up to a tenth and a second, so that waiting calls do not all return at once. `dice`: from 0 to 1. */
export const spread = (seconds: number, dice: number): number =>
  Math.ceil(10 * (seconds + dice * Math.min(1 + seconds / 10, WIDEST_SPREAD))) / 10;
