import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/service';
import { type CompletePackage, createCatalog, createCompletePackage, submit, v1 } from './packages';
import {
  sharedSimulator,
  call,
  groupId,
  type Json,
  type Simulator,
  smallTenant,
  startSimulator,
  type State,
  until,
  userId,
} from './simulator';

describe('Replica lag', () => {
  const lagMs = 2_500;
  // A fast machine looks more often than the limits of a small tenant permit.
  const simulator = sharedSimulator({ lagMs, tenantLimit: 'off' });

  type Seen = { one: boolean; many: boolean };

  async function look(id: string): Promise<Seen> {
    const one = await simulator.call('GET', `EM/catalogs/${id}`);
    const many = await simulator.call('GET', 'EM/catalogs?$top=100');
    return {
      one: one.status === 200,
      many: (many.body['value'] as Json[]).some((catalog) => catalog['id'] === id),
    };
  }

  test('A new object is unknown to some replicas for a while, longer in collections, and then known to all', async () => {
    const id = await createCatalog(simulator);
    const made = Date.now();
    const looks: Seen[] = [];
    while (Date.now() - made < lagMs) looks.push(await look(id));
    expect(looks.filter(({ one }) => !one).length).toBeGreaterThan(0);
    expect(looks.filter(({ many }) => !many).length).toBeGreaterThan(
      looks.filter(({ one }) => !one).length,
    );
    // The replicas disagree: somebody has seen it before somebody else had not.
    const firstSeen = looks.findIndex(({ many }) => many);
    expect(looks.slice(firstSeen).some(({ many }) => !many)).toBe(true);
    for (let read = 0; read < 10; read += 1)
      expect(await look(id)).toEqual({ one: true, many: true });
  });

  test('A create that refers to a new object is refused until the replica knows the object', async () => {
    const catalog = await createCatalog(simulator);
    const codes = new Set<unknown>();
    await until(
      async () => {
        const answer = await simulator.call('POST', 'EM/accessPackages', {
          displayName: 'Soon',
          catalog: { id: catalog },
        });
        codes.add((answer.body['error'] as Json | undefined)?.['code'] ?? answer.status);
        return answer.status;
      },
      (status) => status === 201,
    );
    expect([...codes]).toEqual(['UnAuthorized', 201]);
  });

  test('Uniqueness is decided without replica lag', async () => {
    const catalog = await createCatalog(simulator);
    const path = 'EM/accessPackages';
    const body = { displayName: 'Once', catalog: { id: catalog } };
    await until(
      () => simulator.call('POST', path, body),
      ({ status }) => status === 201,
    );
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect([403, 409]).toContain((await simulator.call('POST', path, body)).status);
    }
  });

  test('Two simulators with the same seed have the same lag', async () => {
    const pattern = async (seed: number): Promise<string[]> => {
      const own = await startSimulator({ lagMs: 3_600_000, seed });
      const seen: string[] = [];
      for (let at = 0; at < 6; at += 1) {
        const answer = await own.call('POST', 'EM/catalogs', { displayName: `C${at}` });
        const id = String(answer.body['id']);
        for (let read = 0; read < 4; read += 1) {
          seen.push(String((await own.call('GET', `EM/catalogs/${id}`)).status));
        }
      }
      await own.stop();
      return seen;
    };
    expect(await pattern(7)).toEqual(await pattern(7));
  });

  test('Without lag a chain of creates succeeds at once', async () => {
    const prompt = await startSimulator();
    const complete: CompletePackage = await createCompletePackage(prompt);
    expect((await submit(prompt, complete, 1001)).status).toBe(201);
    expect(
      (await prompt.call('POST', 'EM/assignmentPolicies', v1.policyBody(complete.accessPackage)))
        .status,
    ).toBe(201);
    await prompt.stop();
  });
});

describe('Persistence', () => {
  const main = join(projectRoot(), 'dist/infra/local/graph/main.js');

  type Running = Simulator & { kill: () => Promise<void> };

  async function startProcess(
    folder: string,
    settings: Record<string, string> = {},
  ): Promise<Running> {
    const child: ChildProcess = fork(main, {
      env: {
        ...process.env,
        JOINERY_DATA_DIR: folder,
        GRAPH_PORT: '0',
        GRAPH_TENANT: join(folder, 'tenant.json'),
        GRAPH_LAG_MS: '0',
        ...settings,
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [message] = (await once(child, 'message')) as [{ ready: { url: string } }];
    const { url } = message.ready;
    const end = async (signal: NodeJS.Signals): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    };
    return {
      url,
      folder,
      call: (method, path, body, headers) => call(url, method, path, body, headers),
      state: async () => (await call(url, 'GET', '/_control/state')).body as State,
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
    };
  }

  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'joinery-graph-'));
    await writeFile(join(folder, 'tenant.json'), JSON.stringify(smallTenant));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('After kill -9 every acknowledged write exists, and pending requests are delivered', async () => {
    const first = await startProcess(folder, { GRAPH_DELIVERY_MS: '300' });
    const complete: CompletePackage = await createCompletePackage(first);
    const workers = Array.from({ length: 20 }, (_, index) => 1001 + index);
    const answers = await Promise.all(workers.map((worker) => submit(first, complete, worker)));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    await first.kill();

    const second = await startProcess(folder, { GRAPH_DELIVERY_MS: '300' });
    const asked = new Set(answers.map(({ body }) => body['id']));
    const state = await until(
      () => second.state(),
      ({ requests }) => requests.every((request) => request.state === 'delivered'),
    );
    expect(new Set(state.requests.map(({ id }) => id))).toEqual(asked);
    const members = state.groups.find(({ id }) => id === groupId(1))?.members ?? [];
    expect([...members].sort()).toEqual(workers.map(userId));
    const log = (await second.call('GET', '/_control/requests')).body['value'] as {
      n: number;
      path: string;
    }[];
    expect(log.filter(({ path }) => path.endsWith('/assignmentRequests'))).toHaveLength(20);
    expect(log.map(({ n }) => n)).toEqual(log.map((_, index) => index + 1));
    await second.stop();
  });

  test('A journal with an incomplete last line loses only that line', async () => {
    const first = await startSimulator({ folder });
    await createCompletePackage(first);
    const before = await first.state();
    await first.stop();
    const journal = join(folder, 'graph', 'journal.jsonl');
    await appendFile(journal, '[["catalogs","torn-off');
    const second = await startSimulator({ folder });
    expect(await second.state()).toEqual(before);
    await second.stop();
    expect(await readFile(journal, 'utf8')).not.toContain('torn-off');
  });

  test('A journal is rewritten with the latest change of each row when it is opened', async () => {
    const first = await startSimulator({ folder });
    const complete = await createCompletePackage(first);
    for (let change = 0; change < 30; change += 1) {
      await first.call('PATCH', `EM/catalogs/${complete.catalog}`, {
        description: `change ${change}`,
      });
    }
    await first.stop();
    const second = await startSimulator({ folder });
    const lines = (await readFile(join(folder, 'graph', 'journal.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n');
    const { counts } = await second.state();
    const kept = [
      'catalogs',
      'resources',
      'resourceRequests',
      'accessPackages',
      'roleScopes',
      'policies',
    ];
    expect(lines).toHaveLength(kept.reduce((sum, table) => sum + (counts[table] ?? 0), 0));
    expect((await second.call('GET', `EM/catalogs/${complete.catalog}`)).body).toMatchObject({
      description: 'change 29',
    });
    await second.stop();
  });

  test.each([
    ['GRAPH_LAG_MS', 'long', 'must be a whole number from 0'],
    ['GRAPH_TENANT_LIMIT', 'x0', 'must be x0.002 or more'],
  ])('An invalid %s ends the process with one line that names it', async (setting, value, rule) => {
    const child = fork(main, {
      env: { ...process.env, JOINERY_DATA_DIR: folder, GRAPH_PORT: '0', [setting]: value },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, said.trim()]).toEqual([1, `graph: ${setting} ${rule}, but is "${value}"`]);
  });

  test('A taken port is an error, and the data folder stays usable', async () => {
    const first = await startSimulator({ folder });
    const port = Number(new URL(first.url).port);
    const other = await mkdtemp(join(tmpdir(), 'joinery-graph-'));
    await writeFile(join(other, 'tenant.json'), '{}');
    await expect(startSimulator({ folder: other, port })).rejects.toThrow(/EADDRINUSE/);
    const again = await startSimulator({ folder: other });
    await again.stop();
    await rm(other, { recursive: true });
    await first.stop();
  });
});
