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
 * GET /api/health/live: 200 once the app has started, with its settings and access model. GET /api/health/ready: 200 if
 * every dependency answers now, else 503, with a JSON body that gives each dependency by name. Until the returned function
 * is called, both answer 503.
 */
export function registerHealth(): (services: ReadinessServices) => void {
  let services: ReadinessServices | undefined;
  app.http('live', {
    route: 'health/live',
    methods: ['GET'],
    authLevel: 'anonymous',
    handler: () =>
      services ? { status: 200, body: 'ok' } : { status: 503, body: 'the app did not start' },
  });

  const latest = keptFor(KEPT_MS, async (client: df.DurableClient, log: Log): Promise<Readiness> =>
    services ? checkReadiness(services, runHost(client), log) : { settings: 'wrong' },
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
  return (started) => {
    services = started;
  };
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
