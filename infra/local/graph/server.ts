import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { advanceRequest, expireAssignment } from './services/deliver';
import { betaRoutes } from './beta/routes';
import { answerControl } from './control/answer-control';
import { draftRoutes } from './draft/routes';
import { createFaultSchedule } from './faults';
import { handle, type Parts } from './http/handle';
import { receive } from './http/received';
import { merged, routeTree } from './http/route-tree';
import { refuseUnread } from './http/reply';
import { guarded } from './permissions/guarded';
import { Refusal } from './refusal';
import { openRequestLog } from './request-log';
import { usualSettings, type GraphSettings } from './settings';
import { openStore, type Rewritable } from './state/store';
import { seedTenant } from './tenant/seed-tenant';
import { readTenantFile } from './tenant/tenant-file';
import type { Tenant } from './tenant/tenant';
import { v1Routes } from './v1/routes';

export type Graph = { url: string; stop: () => Promise<void> };

type Wanted = Pick<GraphSettings, 'port' | 'dataDir' | 'tenantFile'> & Partial<GraphSettings>;

/**
 * Starts the simulator on loopback. State goes on from `<dataDir>/graph`, with everything acknowledged before and what
 * was still to happen. Throws if the port is taken or the tenant file is not valid.
 */
export async function startGraph(wanted: Wanted): Promise<Graph> {
  const settings = { ...usualSettings, ...wanted };
  const parts = open(settings);
  const inFlight = new Set<Promise<void>>();
  const server = createServer((message, response) => {
    const answered = answer(parts, message, response).finally(() => inFlight.delete(answered));
    inFlight.add(answered);
  });
  server.keepAliveTimeout = 65_000;
  server.listen(settings.port, '127.0.0.1');
  await once(server, 'listening').catch((error: unknown) => {
    close(parts);
    throw error;
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(server, parts, inFlight) };
}

/** Answers one call and never rejects. */
async function answer(
  parts: Parts,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const received = await receive(message);
    if (received.path.startsWith('/_control/')) answerControl(parts, received, response);
    else await handle(parts, received, response);
  } catch (error) {
    if (error instanceof Refusal) refuseUnread(response, error);
    else response.destroy(error as Error);
  }
}

function open(settings: GraphSettings): Parts {
  const { draftRoots } = settings;
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
    pace: settings,
    uniqueNames: settings.uniqueNames,
    caller: { id: file.caller },
    busy: { policy: false },
  });
  const store = openStore({
    folder,
    lagMs: settings.lagMs,
    seed: (into) => seedTenant(tenantOf(into), file),
    onDue: ({ table, id, at }) => {
      if (table === 'requests') advanceRequest(tenant, id, at);
      if (table === 'assignments') expireAssignment(tenant, id, at);
    },
  });
  const tenant = tenantOf(store);
  return {
    settings,
    store,
    tenant,
    routes: routeTree(
      merged(guarded(v1Routes), guarded(betaRoutes), draftRoots ? draftRoutes(draftRoots) : {}),
    ),
    faults: createFaultSchedule(settings.seed, settings.faults),
    log: openRequestLog(folder),
  };
}

function close({ store, log }: Parts): void {
  store.close();
  log.close();
}

/** Ends all connections, and the files only when no call is at work any more. */
async function stop(server: Server, parts: Parts, inFlight: Set<Promise<void>>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  await Promise.all(inFlight);
  close(parts);
}
