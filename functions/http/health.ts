import { app, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { logTo, type Log } from '../../shared/log';
import {
  checkReadiness,
  type Readiness,
  type ReadinessServices,
} from '../../shared/reports/readiness';
import { runHost } from '../run-host';

/** Milliseconds between two checks of the dependencies. The routes need no key, so callers must not cause more checks. */
const KEPT_MS = 3_000;

/**
 * GET /api/health/live: 200 while the app is loaded. GET /api/health/ready: 200 if every dependency answers now, else 503,
 * with a JSON body that gives each dependency by name.
 */
export function registerHealth(services: ReadinessServices): void {
  app.http('live', {
    route: 'health/live',
    methods: ['GET'],
    authLevel: 'anonymous',
    handler: () => ({ status: 200, body: 'ok' }),
  });

  const latest = keptFor(KEPT_MS, (client: df.DurableClient, log: Log): Promise<Readiness> =>
    checkReadiness(services, runHost(client), log),
  );
  df.app.client.http('ready', {
    route: 'health/ready',
    methods: ['GET'],
    authLevel: 'anonymous',
    handler: async (_, client, context: InvocationContext) => {
      const log = logTo((line) => context.warn(line));
      const dependencies = await latest(client, log);
      const ready = Object.values(dependencies).every((code) => code === 'ok');
      return {
        status: ready ? 200 : 503,
        headers: { 'Cache-Control': 'no-store' },
        jsonBody: { ready, dependencies },
      };
    },
  });
}

/** Answers the result of a call that ended less than `ms` ago; calls during a call wait for its result. */
function keptFor<Input extends unknown[], Result>(
  ms: number,
  call: (...input: Input) => Promise<Result>,
): (...input: Input) => Promise<Result> {
  let result: Promise<Result> | undefined;
  let until = 0; // of the monotonic clock
  return (...input) => {
    if (result && performance.now() < until) return result;
    until = Infinity;
    result = call(...input).finally(() => (until = performance.now() + ms));
    return result;
  };
}
