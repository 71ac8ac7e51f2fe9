import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { Refusal } from '../errors';
import { chance } from '../state/lag';
import { ListFault } from './list-fault';
import { gatewayReply, refusalReply, type Reply, type RequestIds, send, sendHalf } from './reply';

const Reply = z.strictObject({
  status: z.int().min(400).max(599),
  code: z.string().default('ServiceUnavailable'),
  /** Seconds, or an HTTP date as text; absent means no header. */
  retryAfter: z.union([z.int().nonnegative(), z.string()]).optional(),
  /** Whether the operation is carried out before this is answered. */
  afterCommit: z.boolean().default(false),
});

const Fault = z.union([
  z.enum(['drop-before', 'drop-after-commit', 'truncate', 'no-value', 'html']),
  z.strictObject({ delayMs: z.int().nonnegative() }),
  ListFault,
  Reply,
]);
export type Fault = z.infer<typeof Fault>;

/**
 * When a call fails, and how: on the `nth` call that matches (from 1), or with a probability, or each time, and at most
 * `times` times, and for `forMs` after it first did. `path` is a regular expression on the path without its query, `query` one
 * on the query, in which values are URL-encoded.
 */
export const FaultRule = z.strictObject({
  match: z
    .strictObject({
      method: z.string().optional(),
      path: z.string().optional(),
      query: z.string().optional(),
    })
    .default({}),
  nth: z.int().positive().optional(),
  probability: z.number().min(0).max(1).optional(),
  times: z.int().positive().optional(),
  forMs: z.int().positive().optional(),
  answer: Fault,
});
export type FaultRule = z.infer<typeof FaultRule>;

export type FaultSchedule = {
  /** The fault of this call, if a rule has one. Counts the call for every rule that it matches. */
  next: (method: string, path: string, query?: string) => Fault | undefined;
  add: (rules: readonly FaultRule[]) => void;
  list: () => object[];
  clear: () => void;
  /** By how much the most lagging of its lists is behind, in milliseconds. */
  longestLagMs: () => number;
};

/** A schedule that repeats from its seed: whether a rule applies depends on seed, rule and the count of its matches. */
export function createFaultSchedule(seed: number, initial: readonly FaultRule[]): FaultSchedule {
  type Entry = {
    rule: FaultRule;
    path: RegExp | undefined;
    query: RegExp | undefined;
    matched: number;
    fired: number;
    until?: number;
  };
  let entries: Entry[] = [];

  const add = (rules: readonly FaultRule[]): void => {
    for (const rule of rules) {
      const path = rule.match.path === undefined ? undefined : new RegExp(rule.match.path);
      const query = rule.match.query === undefined ? undefined : new RegExp(rule.match.query);
      entries.push({ rule, path, query, matched: 0, fired: 0 });
    }
  };
  const fires = ({ rule, matched, fired, until = Infinity }: Entry, index: number): boolean => {
    if (Date.now() >= until) return false;
    if (rule.times !== undefined && fired >= rule.times) return false;
    if (rule.nth !== undefined) return matched === rule.nth;
    return rule.probability === undefined || chance(seed, index, matched) < rule.probability;
  };

  add(initial);
  return {
    next: (method, path, query = '') => {
      let chosen: Entry | undefined;
      for (const [index, entry] of entries.entries()) {
        const { match } = entry.rule;
        if (match.method !== undefined && match.method !== method) continue;
        if (entry.path !== undefined && !entry.path.test(path)) continue;
        if (entry.query !== undefined && !entry.query.test(query)) continue;
        entry.matched += 1;
        if (chosen === undefined && fires(entry, index)) chosen = entry;
      }
      if (chosen === undefined) return undefined;
      chosen.fired += 1;
      const { forMs } = chosen.rule;
      if (forMs !== undefined) chosen.until ??= Date.now() + forMs;
      return chosen.rule.answer;
    },
    add,
    list: () => entries.map(({ rule, matched, fired }) => ({ ...rule, matched, fired })),
    clear: () => {
      entries = [];
    },
    longestLagMs: () =>
      Math.max(
        0,
        ...entries.map(({ rule }) => {
          const fault = listFaultOf(rule.answer);
          return fault?.list === 'lags' ? fault.byMs : 0;
        }),
      ),
  };
}

/** Reads a file of rules (a JSON array). Throws with the path of each problem. */
export function readFaultFile(path: string): FaultRule[] {
  const read = z.array(FaultRule).safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (read.success) return read.data;
  throw new Error(`The fault file ${path} is not valid:\n${z.prettifyError(read.error)}`);
}

export const listFaultOf = (fault: Fault | undefined): ListFault | undefined =>
  typeof fault === 'object' && 'list' in fault ? fault : undefined;

/** Whether a fault comes before the operation, which then never happens. */
export function isBefore(fault: Fault | undefined): boolean {
  if (typeof fault === 'object' && 'status' in fault) return !fault.afterCommit;
  return fault === 'drop-before' || fault === 'html';
}

/** Sends a reply with its fault, or drops it. */
export async function sendWithFault(
  response: ServerResponse,
  reply: Reply | undefined,
  fault: Fault | undefined,
  ids: RequestIds,
): Promise<void> {
  if (fault === 'drop-before' || fault === 'drop-after-commit') response.destroy();
  else if (fault === 'html') send(response, gatewayReply(ids));
  else if (typeof fault === 'object' && 'status' in fault) {
    const retryAfter = fault.retryAfter === undefined ? {} : { retryAfter: `${fault.retryAfter}` };
    const refusal = new Refusal(fault.status, fault.code, 'An injected fault.', retryAfter);
    send(response, refusalReply(refusal, ids));
  } else if (reply !== undefined && fault === 'truncate') sendHalf(response, reply);
  else if (reply !== undefined && fault === 'no-value') send(response, { ...reply, body: '{}' });
  else if (reply !== undefined) {
    if (typeof fault === 'object' && 'delayMs' in fault) await delay(fault.delayMs, response);
    send(response, reply);
  }
}

/** Waits, but no longer than the connection is open. */
async function delay(ms: number, response: ServerResponse): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  await wait(ms, undefined, { signal: closed.signal }).catch(() => undefined);
}
