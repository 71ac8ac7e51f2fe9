import { setTimeout as wait } from 'node:timers/promises';
import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { logTo, type Log } from '../../shared/log';
import { traceOf } from '../activities/activity';
import type { Services } from '../services';
import { dependencies } from './dependencies';

/** What each dependency is now: `ok`, or the code of its trouble. */
type Findings = Record<string, string>;

const DEADLINE_MS = 5_000;
/** However often it is asked, the dependencies are asked no more often than this: anybody may ask. */
const KEPT_MS = 3_000;

/**
 * GET /api/health/ready: 200 if every dependency answers now, else 503; in JSON each by its name. Codes only: nothing in
 * it names a host, a tenant or a person.
 */
export function registerReady(services: Services): void {
  const latest = keptFor(KEPT_MS, (client: df.DurableClient, log: Log) =>
    look(services, client, log),
  );
  df.app.client.http('ready', {
    route: 'health/ready',
    methods: ['GET'],
    authLevel: 'anonymous',
    handler: async (_, client, context: InvocationContext) => {
      const findings = await latest(
        client,
        logTo((line) => context.warn(line)),
      );
      const ready = Object.values(findings).every((finding) => finding === 'ok');
      return {
        status: ready ? 200 : 503,
        headers: { 'Cache-Control': 'no-store' },
        jsonBody: { ready, dependencies: findings },
      };
    },
  });
}

async function look(services: Services, client: df.DurableClient, log: Log): Promise<Findings> {
  const looks = Object.entries(dependencies(services, client)).map(
    async ([name, ask]) => [name, await finding(name, ask, log)] as const,
  );
  const findings = Object.fromEntries(await Promise.all(looks));
  const troubles = Object.entries(findings).filter(([, found]) => found !== 'ok');
  if (troubles.length > 0) log({ what: 'not-ready', ...Object.fromEntries(troubles) });
  return findings;
}

async function finding(name: string, ask: () => Promise<string>, log: Log): Promise<string> {
  const over = new AbortController();
  try {
    const asked = ask();
    const late = wait(DEADLINE_MS, 'no-answer-in-time', { signal: over.signal });
    return await Promise.race([asked, late]);
  } catch (error) {
    log({ what: 'defect', dependency: name, ...traceOf(error) });
    return 'defect';
  } finally {
    over.abort();
  }
}

/** Answers what was found less than `ms` ago; all who ask meanwhile wait for the same look. */
function keptFor<Input extends unknown[], Found>(
  ms: number,
  act: (...input: Input) => Promise<Found>,
): (...input: Input) => Promise<Found> {
  let found: Promise<Found> | undefined;
  let until = 0; // by the clock that nobody sets
  return (...input) => {
    if (found && performance.now() < until) return found;
    until = Infinity;
    found = act(...input).finally(() => (until = performance.now() + ms));
    return found;
  };
}
