import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { LoadedModel } from '../config/load-model';
import { HostUnavailable, type RunHost } from '../events/run-host';
import { asOutcome } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import { traceOf, type Log } from '../log';
import type { Claims } from '../storage/claims';
import type { Ledger } from '../storage/audit';
import type { Permissions } from '../storage/limits';
import { StoreUnavailable } from '../storage/storage-port';

export type ReadinessServices = {
  config: { matchAttribute: string; bus: { host: string; port: number } | undefined };
  model: () => LoadedModel;
  claims: Pick<Claims, 'read'>;
  ledger: Pick<Ledger, 'endOf'>;
  graph: Pick<Entitlements, 'findUsers'>;
  permissions: Pick<Permissions, 'refusals' | 'takeNews'>;
};

/** By dependency: `ok`, or a code for what is wrong. */
export type Readiness = Record<string, string>;

const DEADLINE_MS = 5_000;

/** An event and a worker that do not exist: reading them costs one request and reveals nothing. */
const NO_EVENT = '0'.repeat(64);
const NO_WORKER = 'readiness-of-joinery';

/** Checks every dependency now, and logs those that are not `ok`. Codes name no host, tenant or person. */
export async function checkReadiness(
  services: ReadinessServices,
  host: Pick<RunHost, 'status'>,
  log: Log,
): Promise<Readiness> {
  const checks = Object.entries(checksOf(services, host)).map(
    async ([name, check]) => [name, await inTime(name, check, log)] as const,
  );
  const readiness = Object.fromEntries(await Promise.all(checks));
  const troubles = Object.entries(readiness).filter(([, code]) => code !== 'ok');
  for (const line of services.permissions.takeNews()) log(line);
  if (troubles.length > 0) log({ what: 'not-ready', ...Object.fromEntries(troubles) });
  return readiness;
}

/** One check per dependency: the cheapest call that succeeds only if the dependency works. */
function checksOf(
  { config, model, claims, ledger, graph, permissions }: ReadinessServices,
  host: Pick<RunHost, 'status'>,
): Record<string, () => Promise<string>> {
  return {
    accessModel: () => Promise.resolve(isLoaded(model) ? 'ok' : 'not-loaded'),
    records: () => answered(claims.read(NO_EVENT)),
    audit: () => answered(ledger.endOf(NO_EVENT, 1)),
    taskHub: () => answered(host.status(NO_EVENT)),
    // Also proves the identity, and the one permission that every run needs.
    graph: async () => {
      const found = await asOutcome(async () => {
        await graph.findUsers(config.matchAttribute, NO_WORKER);
        return { kind: 'done' };
      });
      if (found.kind === 'done') return 'ok';
      return found.kind === 'rejected' ? found.reason : found.why;
    },
    permissions: async () => {
      const refused = await permissions.refusals();
      const codes = refused.map(
        ({ code, operation, catalog }) => `${code}:${operation}:${catalog}`,
      );
      return codes.join(' ') || 'ok';
    },
    // Only the host has rights on the queue. The app can check whether the namespace accepts connections.
    queue: async () => {
      if (!config.bus) return 'not-configured';
      return (await takesConnections(config.bus)) ? 'ok' : 'unreachable';
    },
  };
}

async function inTime(name: string, check: () => Promise<string>, log: Log): Promise<string> {
  const over = new AbortController();
  try {
    const checked = check();
    const late = wait(DEADLINE_MS, 'no-answer-in-time', { signal: over.signal });
    return await Promise.race([checked, late]);
  } catch (error) {
    log({ what: 'defect', dependency: name, ...traceOf(error) });
    return 'defect';
  } finally {
    over.abort();
  }
}

function isLoaded(model: () => LoadedModel): boolean {
  try {
    model();
    return true;
  } catch {
    return false;
  }
}

async function answered(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'ok';
  } catch (error) {
    if (error instanceof StoreUnavailable) return 'store-unavailable';
    if (error instanceof HostUnavailable) return 'host-unavailable';
    throw error;
  }
}

const CONNECT_MS = 3_000;

/** Whether the address accepts connections; it may not be Service Bus. */
function takesConnections(address: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const answer = (connected: boolean) => () => {
      socket.destroy();
      resolve(connected);
    };
    socket.setTimeout(CONNECT_MS);
    socket
      .once('connect', answer(true))
      .once('timeout', answer(false))
      .once('error', answer(false));
  });
}
