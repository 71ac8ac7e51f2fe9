import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGraph, type Graph } from '../../../infra/local/graph/server';
import type { GraphSettings } from '../../../infra/local/graph/settings';
import { eventually } from '../../support/eventually';

export type Json = Record<string, unknown>;
export type Answered = { status: number; headers: Headers; body: Json };

/** A simulator in this process. */
export type Simulator = {
  url: string;
  folder: string;
  /** `path` is below /v1.0 unless it starts with a slash. EM/ after the version means entitlement management. */
  call: (method: string, path: string, body?: unknown, headers?: Json) => Promise<Answered>;
  state: () => Promise<State>;
  /** Stops it, and removes its folder unless the test passed one. */
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

/** Starts a simulator without lag and almost without delays. */
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

/** Starts a simulator before the tests of a file or describe block (or before each test), and stops it afterwards. */
export function sharedSimulator(start: Start = {}, per: 'file' | 'test' = 'file'): Simulator {
  let running: Simulator | undefined;
  const current = (): Simulator => {
    if (running === undefined) throw new Error('The simulator is not running');
    return running;
  };
  const [before, after] = per === 'file' ? [beforeAll, afterAll] : [beforeEach, afterEach];
  before(async () => {
    running = await startSimulator(start);
  });
  after(() => current().stop());
  return {
    get url() {
      return current().url;
    },
    get folder() {
      return current().folder;
    },
    call: (...request) => current().call(...request),
    state: () => current().state(),
    stop: () => current().stop(),
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

/** Sends a request exactly as written. Returns everything that comes back. */
export async function exchange(
  url: string,
  requestLine: string,
  headers: readonly string[],
  body: string,
): Promise<{ head: string; body: string }> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = [requestLine, `Host: ${host}`, ...headers, 'Connection: close'];
  socket.write(
    `${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  const answer = Buffer.concat(chunks).toString('utf8');
  const end = answer.indexOf('\r\n\r\n');
  return { head: answer.slice(0, end), body: answer.slice(end + 4) };
}

/** Status, code and the first code in `details`: what a client may decide on. */
export function refusal({ status, body }: Answered): [number, string, string?] {
  const error = body['error'] as { code: string; details: { code: string }[] };
  const detail = error.details[0]?.code;
  return detail === undefined ? [status, error.code] : [status, error.code, detail];
}

/** Reads until `isDone`, and answers the last value. Throws with that value after the deadline. */
export async function until<Value>(
  read: () => Promise<Value>,
  isDone: (value: Value) => boolean,
  deadlineMs = 5_000,
): Promise<Value> {
  let value: Value | undefined;
  const done = await eventually(
    'the expected value',
    async () => {
      value = await read();
      return isDone(value) && { value };
    },
    { seconds: deadlineMs / 1000, everyMs: 5, details: () => JSON.stringify(value) },
  );
  return done.value;
}

/** An id that no object has. */
export const unknownId = '99999999-9999-4999-8999-999999999999';
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

export const valuesOf = ({ body }: { body: Json }): Json[] => body['value'] as Json[];
