import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { answerControl } from './control/routes';
import { beta } from './dialects/beta';
import { v1 } from './dialects/v1';
import { draftRoutes } from './draft/routes';
import { versionRoutes } from './entitlements/routes';
import { Refusal } from './errors';
import { createFaultSchedule } from './http/faults';
import { handle, type Runtime } from './http/handle';
import { receive } from './http/received';
import { refuseUnread } from './http/reply';
import { openRequestLog } from './http/request-log';
import { merged, routeTree } from './http/routes';
import { createTenantLimits } from './http/tenant-limits';
import { guarded } from './permissions/guarded';
import { applyRules } from './services/automatic';
import { advanceRequest, expireAssignment } from './services/delivery';
import type { Tenant } from './services/tenant';
import { type GraphSettings, usualSettings } from './settings';
import { openStore, type Rewritable } from './state/store';
import { seedTenant } from './tenant/seed';
import { readTenantFile } from './tenant/tenant-file';

export type Graph = { url: string; stop: () => Promise<void> };

type StartSettings = Pick<GraphSettings, 'port' | 'dataDir' | 'tenantFile'> &
  Partial<GraphSettings>;

/**
 * Starts the simulator on loopback. It continues from the state in `<dataDir>/graph`, which has every acknowledged write
 * and every pending step. Throws if the port is taken or the tenant file is not valid.
 */
export async function startGraph(overrides: StartSettings): Promise<Graph> {
  const settings = { ...usualSettings, ...overrides };
  const runtime = open(settings);
  const inFlight = new Set<Promise<void>>();
  const server = createServer((message, response) => {
    // Node would state the time of the machine, which the clock of the stack may have left.
    response.setHeader('Date', new Date().toUTCString());
    const answered = answer(runtime, message, response).finally(() => inFlight.delete(answered));
    inFlight.add(answered);
  });
  server.keepAliveTimeout = 65_000;
  server.listen(settings.port, '127.0.0.1');
  await once(server, 'listening').catch((error: unknown) => {
    close(runtime);
    throw error;
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(server, runtime, inFlight) };
}

/** Answers one call and never rejects. */
async function answer(
  runtime: Runtime,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const received = await receive(message);
    if (received.path.startsWith('/_control/')) answerControl(runtime, received, response);
    else await handle(runtime, received, response);
  } catch (error) {
    if (error instanceof Refusal) refuseUnread(response, error);
    else response.destroy(error as Error);
  }
}

function open(settings: GraphSettings): Runtime {
  const { draftRoots, draftMembers: members, draftNulls: nulls } = settings;
  const folder = join(settings.dataDir, 'graph');
  const file = readTenantFile(settings.tenantFile);
  const tenantOf = (rows: Rewritable): Tenant => ({
    get tables() {
      return rows.tables;
    },
    now: rows.now,
    put: rows.put,
    remove: rows.remove,
    rules: file,
    durations: settings,
    uniqueNames: settings.uniqueNames,
    caller: { id: file.caller },
    undeliverable: new Map(),
    approvals: { areBypassed: false },
    busy: { policy: false },
  });
  const faults = createFaultSchedule(settings.seed, settings.faults);
  const store = openStore({
    folder,
    lagMs: () => Math.max(settings.lagMs, faults.longestLagMs()),
    seed: (into) => seedTenant(tenantOf(into), file),
    onDue: ({ table, id, at }) => {
      if (table === 'requests') advanceRequest(tenant, id, at);
      if (table === 'assignments') {
        expireAssignment(tenant, id, at);
        // What a rule gives as well it gives as soon as nobody else does.
        applyRules(tenant, tenant.tables.assignments.get(id)?.targetId ?? '');
      }
    },
  });
  const tenant = tenantOf(store);
  return {
    settings,
    store,
    tenant,
    routes: routeTree(
      merged(
        guarded(versionRoutes(v1)),
        guarded(versionRoutes(beta)),
        draftRoots ? draftRoutes(draftRoots, { members, nulls }) : {},
      ),
    ),
    faults,
    limits: createTenantLimits({
      limit: settings.tenantLimit,
      users: () => tenant.tables.users.size(),
      tenant: () => tenant.tables.organizations.all()[0]?.row.id ?? '',
      monotonicMs: settings.monotonicMs,
    }),
    log: openRequestLog(folder),
  };
}

function close({ store, log }: Runtime): void {
  store.close();
  log.close();
}

/** Closes all connections, and the files once no call is in progress. */
async function stop(server: Server, runtime: Runtime, inFlight: Set<Promise<void>>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  await Promise.all(inFlight);
  close(runtime);
}
