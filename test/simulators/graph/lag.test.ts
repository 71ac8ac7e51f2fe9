import { type CompletePackage, createCatalog, createCompletePackage, submit, v1 } from './packages';
import { startSimulator, until, type Json, type Simulator } from './simulator';

const lagMs = 1_500;
let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ lagMs });
});
afterAll(() => simulator.stop());

type Seen = { one: boolean; many: boolean };

async function look(id: string): Promise<Seen> {
  const one = await simulator.call('GET', `EM/catalogs/${id}`);
  const many = await simulator.call('GET', 'EM/catalogs?$top=100');
  return {
    one: one.status === 200,
    many: (many.body['value'] as Json[]).some((catalog) => catalog['id'] === id),
  };
}

test('What was made is unknown to some replicas for a while, longer to collections, and then known to all', async () => {
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

test('A create that refers to something new can be refused for a while: what it refers to is not there yet', async () => {
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

test('Uniqueness is decided on the truth, whatever the replica has heard of', async () => {
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

test('Chance repeats from the seed: two simulators with one seed hide and show the same', async () => {
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

test('Without lag a chain of creates needs no patience', async () => {
  const prompt = await startSimulator();
  const complete: CompletePackage = await createCompletePackage(prompt);
  expect((await submit(prompt, complete, 1001)).status).toBe(201);
  expect(
    (await prompt.call('POST', 'EM/assignmentPolicies', v1.policyBody(complete.accessPackage)))
      .status,
  ).toBe(201);
  await prompt.stop();
});
