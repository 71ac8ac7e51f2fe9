import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** A log file that is read in portions: each call gives the lines that came since the last. */
export type Tail = { next: () => string[] };

export function tail(file: string): Tail {
  let seen = 0;
  return {
    next: () => {
      if (!existsSync(file)) return [];
      const bytes = readFileSync(file).subarray(seen);
      const whole = bytes.lastIndexOf(0x0a) + 1;
      seen += whole;
      return bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1);
    },
  };
}

/** One request to a table, as Azurite's log has it. */
export type TableRequest = { act: 'insert' | 'replace' | 'remove' | 'read'; table: string };

const acts: Record<string, TableRequest['act']> = {
  POST: 'insert',
  PUT: 'replace',
  PATCH: 'replace',
  DELETE: 'remove',
  GET: 'read',
};

/** The requests among the lines of Azurite's table log (Common Log Format), in their order. */
export function tableRequests(lines: string[]): TableRequest[] {
  return lines.flatMap((line) => {
    const [, method, table] = /"([A-Z]+) \/devstoreaccount1\/(\w+)/.exec(line) ?? [];
    const act = acts[method ?? ''];
    return act === undefined || table === undefined ? [] : [{ act, table }];
  });
}

/** Whether the request changes something. */
export const isWrite = ({ act }: TableRequest): boolean => act !== 'read';

/** A line of the simulator's request log, as far as it matters here. */
const Logged = z.object({
  method: z.string(),
  path: z.string(),
  query: z.string(),
  at: z.iso.datetime(),
});

/** One call, and when it was made in milliseconds since 1970. */
export type GraphCall = { method: string; path: string; query: string; at: number };

/** The calls among the lines of the simulator's request log, without those to its control endpoint. */
export function graphCalls(lines: string[]): GraphCall[] {
  return lines
    .map((line) => Logged.parse(JSON.parse(line)))
    .filter(({ path }) => !path.startsWith('/_control'))
    .map((call) => ({ ...call, at: Date.parse(call.at) }));
}
