import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGraph, type Graph } from '../../../infra/local/graph/server';
import type { GraphSettings } from '../../../infra/local/graph/settings';

export type Json = Record<string, unknown>;
export type Answered = { status: number; headers: Headers; body: Json };

/** A simulator in this process, and what a test does with it. */
export type Simulator = {
  url: string;
  folder: string;
  /** `path` is below /v1.0 unless it starts with a slash; EM/ after the version stands for entitlement management. */
  call: (method: string, path: string, body?: unknown, headers?: Json) => Promise<Answered>;
  state: () => Promise<State>;
  /** Stops it and removes its folder, unless the folder was handed in. */
  stop: () => Promise<void>;
};

export type State = {
  counts: Record<string, number>;
  accessPackages: (Json & {
    id: string;
    displayName: string;
    roles: string[];
    policies: string[];
  })[];
  requests: (Json & { id: string; state: string; targetId?: string })[];
  assignments: (Json & { id: string; state: string; targetId: string })[];
  groups: (Json & { id: string; members: string[] })[];
};

export type Start = Partial<GraphSettings> & { tenant?: object; folder?: string };

/** Starts a simulator without lag and nearly without delays, so that a test waits only for what it is about. */
export async function startSimulator({
  tenant,
  folder,
  ...settings
}: Start = {}): Promise<Simulator> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'joinery-graph-')));
  const tenantFile = join(home, 'tenant.json');
  if (tenant !== undefined || folder === undefined) {
    await writeFile(tenantFile, JSON.stringify(tenant ?? smallTenant));
  }
  const graph: Graph = await startGraph({
    port: 0,
    dataDir: home,
    tenantFile,
    lagMs: 0,
    deliveryMs: 10,
    policyMs: 0,
    ...settings,
  });
  return {
    url: graph.url,
    folder: home,
    call: (method, path, body, headers) => call(graph.url, method, path, body, headers),
    state: async () => (await call(graph.url, 'GET', '/_control/state')).body as State,
    stop: async () => {
      await graph.stop();
      if (folder === undefined) await rm(home, { recursive: true });
    },
  };
}

export async function call(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Json = {},
): Promise<Answered> {
  const place = path.startsWith('/') ? path : `/v1.0/${path}`;
  const address = place.replace(/^(\/[\w.]+\/)EM\//, '$1identityGovernance/entitlementManagement/');
  const sent = await fetch(address.startsWith('http') ? address : `${url}${address}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(headers as Record<string, string>),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await sent.text();
  return {
    status: sent.status,
    headers: sent.headers,
    body: text === '' ? {} : (JSON.parse(text) as Json),
  };
}

/** Status, code and the first code inside: all that a client may decide on. */
export function refusal({ status, body }: Answered): [number, string, string?] {
  const error = body['error'] as { code: string; details: { code: string }[] };
  const detail = error.details[0]?.code;
  return detail === undefined ? [status, error.code] : [status, error.code, detail];
}

/** Reads again until `done` says so. Throws with the last answer once the deadline is over. */
export async function until<Value>(
  read: () => Promise<Value>,
  done: (value: Value) => boolean,
  deadlineMs = 5_000,
): Promise<Value> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await read();
    if (done(value)) return value;
    if (Date.now() > end) throw new Error(`Still not so: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const userId = (number: number): string =>
  `20000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
export const groupId = (number: number): string =>
  `10000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export const smallTenant = {
  workers: [{ from: 'W-1001', to: 'W-1020' }],
  groups: [
    { id: groupId(1), displayName: 'grp-one' },
    { id: groupId(2), displayName: 'grp-two' },
    {
      id: groupId(21),
      displayName: 'grp-dynamic',
      membershipRule: 'user.department -eq "Finance"',
    },
    { id: groupId(22), displayName: 'grp-role-assignable', isAssignableToRole: true },
    { id: groupId(23), displayName: 'grp-on-premises', onPremisesSyncEnabled: true },
  ],
  applications: [
    {
      id: '30000000-0000-4000-8000-000000000001',
      displayName: 'app-expenses',
      appRoles: [{ id: '31000000-0000-4000-8000-000000000001', displayName: 'Submitter' }],
    },
  ],
};
