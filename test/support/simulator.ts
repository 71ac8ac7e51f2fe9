import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { readDraftRoots } from '../../infra/local/graph/draft/routes';
import { startGraph } from '../../infra/local/graph/server';
import type { GraphSettings } from '../../infra/local/graph/settings';
import { draftDefaults } from '../../shared/graph/dialect-draft';
import {
  createEntitlements,
  type Dialect,
  type Entitlements,
} from '../../shared/graph/entitlements';

const tenantFile = join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json');

/** `status` is null if the call never reached its operation. */
type Logged = { method: string; path: string; query: string; status: number | null };

/** A simulator of one test file, its client, and the calls to it. */
export type Simulator = {
  url: string;
  graph: Entitlements;
  log: () => Promise<Logged[]>;
  /** The writes since the last `reset`, as `POST /path`. */
  writes: () => Promise<string[]>;
  reset: () => Promise<void>;
  /** Adds rules to the fault schedule; `reset` ends them. */
  injectFaults: (...rules: object[]) => Promise<void>;
  /** Removes a row as an administrator would. */
  remove: (table: string, id: string) => Promise<void>;
  stop: () => Promise<void>;
};

export async function startSimulator(
  lagMs: number,
  dialect: Dialect = 'v1.0',
  more: Partial<GraphSettings> = {},
): Promise<Simulator> {
  const dataDir = await mkdtemp(join(tmpdir(), 'joinery-graph-client-'));
  const settings = { port: 0, dataDir, tenantFile, lagMs, ...more };
  const server = await startGraph(
    dialect === 'draft' ? { ...settings, draftRoots: readDraftRoots('') } : settings,
  );
  const { url } = server;
  const log = async () => {
    const answer = (await (await fetch(`${url}/_control/requests`)).json()) as { value: Logged[] };
    return answer.value;
  };
  return {
    url,
    graph: createEntitlements({
      root: url,
      dialect,
      draft: {
        ...draftDefaults,
        members: more.draftMembers ?? 'example',
        nulls: more.draftNulls === 'refuse' ? 'refuse' : 'send',
      },
      deadlineMs: 5_000,
      appVersion: 'test',
    }),
    log,
    writes: async () =>
      (await log())
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path}`),
    reset: async () => {
      await fetch(`${url}/_control/reset`, { method: 'POST' });
    },
    injectFaults: async (...rules) => {
      const answer = await fetch(`${url}/_control/faults`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(rules),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    remove: async (table, id) => {
      const answer = await fetch(`${url}/_control/${table}/${id}`, { method: 'DELETE' });
      if (!answer.ok) throw new Error(await answer.text());
    },
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** One request that the Graph simulator has answered; `status` is null if its operation never ran. */
export type GraphCall = {
  n: number;
  at: string;
  method: string;
  path: string;
  status: number | null;
  /** Seconds, of a call that the limits of the tenant refused. */
  retryAfter?: number;
  fault?: object;
};

/** The requests that the simulator at `graphUrl` has received after number `since`, in order. */
export async function graphCalls(graphUrl: string, since = 0): Promise<GraphCall[]> {
  const answer = await fetch(`${graphUrl}/_control/requests?since=${since}`);
  return ((await answer.json()) as { value: GraphCall[] }).value;
}

/** Plans faults, in the form that the simulator's README describes. Throws if the simulator refuses them. */
export async function injectGraphFaults(graphUrl: string, rules: object[]): Promise<void> {
  const answer = await fetch(`${graphUrl}/_control/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(rules),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** Changes the limits of the tenant, in the form that the simulator's README describes. */
export async function setTenantLimit(graphUrl: string, limit: string): Promise<void> {
  const answer = await fetch(`${graphUrl}/_control/tenant-limit`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ limit }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
