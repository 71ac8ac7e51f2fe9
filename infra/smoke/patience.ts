import { setTimeout as wait } from 'node:timers/promises';
import { classify, type GraphError } from '../../shared/graph/errors';

export type Patience = {
  /** How long one thing may take to come about. */
  deadlineMs: number;
  /** How long a refusal may be put down to replicas that have not heard of something yet. */
  visibleMs: number;
  everyMs: number;
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
};

/**
 * Looks again until there is something to see. Throttling, outages and what replicas do not know yet are waited out; any
 * other refusal is thrown, and so is the last one once the time is up.
 */
export async function until<Value>(
  what: string,
  { deadlineMs, visibleMs, everyMs, signal }: Patience,
  look: () => Promise<Value | undefined>,
): Promise<Value> {
  const start = Date.now();
  let refusal: GraphError | undefined;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const found = await look();
      if (found !== undefined) return found;
      refusal = undefined;
    } catch (error) {
      const waited = Date.now() - start;
      if (!mayPass(error) || (isUnknown(error) && waited > visibleMs)) throw error;
      refusal = error;
    }
    if (Date.now() - start > deadlineMs) {
      throw refusal ?? new Error(`${what}: nothing within ${Math.round(deadlineMs / 1000)} s`);
    }
    await wait(everyMs, undefined, signal && { signal });
  }
}

/** What the next look will tell more of. */
const passing = ['not-found', 'duplicate-key', 'existing-open-request', 'no-active-grant'];

function mayPass(error: unknown): error is GraphError {
  const verdict = classify(error, { justCreated: true });
  if (verdict.kind === 'conflict') return passing.includes(verdict.conflict);
  return verdict.kind === 'later';
}

const isUnknown = ({ fault }: GraphError): boolean => fault.status === 403 || fault.status === 404;
