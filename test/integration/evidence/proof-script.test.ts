import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { proveEvent, type EventProof } from '../../../shared/evidence/prove';
import { sealHours } from '../../../shared/evidence/seal-hours';
import type { Seal } from '../../../shared/domain/evidence/seal';
import { openMemory } from '../../support/memory-tables';
import { seeded, type Random } from '../../support/seeded';
import { auditedIn } from './audited';
import { sealsIn } from './tamperings';

/* The script of docs/audit.md, run by itself: it shares no code with the product. */

const EVENTS = 100;

let folder: string;
let script: string;
const proofs: EventProof[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'joinery-proof-'));
  script = join(folder, 'check-proof.mjs');
  const [, code = ''] = /```js\n(.*?)```/s.exec(await readFile('docs/audit.md', 'utf8')) ?? [];
  await writeFile(script, code);
  const on = auditedIn({ table: openMemory(new Map()) }, sealsIn(new Map<string, Seal>()));
  const keys: string[] = [];
  // Hours with 1, 2, 3 and so on events, so that trees of many sizes are met; every fifth event has two attempts.
  for (let hour = 0; keys.length < EVENTS; hour += 1) {
    const start = Date.parse('2026-11-20T00:30:00Z') + hour * 3_600_000;
    const at = new Date(start).toISOString();
    for (let event = 0; event <= hour && keys.length < EVENTS; event += 1) {
      keys.push(await on.event(`${keys.length}`, at, { rows: 2 + (event % 3) }));
      if (keys.length % 5 === 0) await on.event(`${keys.length - 6}`, at, { attempt: 2 });
    }
    await sealHours(on, start + 35 * 60_000, () => undefined);
  }
  for (const key of keys) proofs.push(await proveEvent(on, key));
});
afterAll(() => rm(folder, { recursive: true }));

const run = promisify(execFile);

/** Runs the script on each proof, all in one process of Node: starting one each takes longer than all of this. */
const DRIVER = `
const [, , script, list] = process.argv;
const said = [];
for (const [file, ...roots] of JSON.parse(await readFile(list, 'utf8'))) {
  process.argv = [process.execPath, script, file, ...roots];
  try {
    await import(script + '?' + said.length);
    said.push('ACCEPTED');
  } catch (error) {
    said.push(error.message);
  }
}
await writeFile(list, JSON.stringify(said));
`;

async function checked(given: readonly [EventProof, ...string[]][]): Promise<string[]> {
  const driver = join(folder, 'driver.mjs');
  const list = join(folder, 'list.json');
  const imports = "import { readFile, writeFile } from 'node:fs/promises';";
  await writeFile(driver, `${imports}${DRIVER}`);
  const calls = given.map(async ([proof, ...roots], at) => {
    const file = join(folder, `${at}.json`);
    await writeFile(file, JSON.stringify(proof));
    return [file, ...roots];
  });
  await writeFile(list, JSON.stringify(await Promise.all(calls)));
  await run(process.execPath, [driver, script, list]);
  return JSON.parse(await readFile(list, 'utf8')) as string[];
}

const rootsOf = ({ proofs: given }: EventProof) => given.map(({ root }) => root);

test('the script has at most 50 lines', async () => {
  expect((await readFile(script, 'utf8')).trimEnd().split('\n').length).toBeLessThanOrEqual(50);
});

test(`it accepts ${EVENTS} proofs, and one whose rows are removed`, async () => {
  expect(proofs.every(({ unsealed }) => unsealed.length === 0)).toBe(true);
  expect(proofs.some((one) => one.proofs.length === 2)).toBe(true);
  const [first] = proofs as [EventProof];
  const removed = { ...first, rows: [] };
  const said = await checked([...proofs, removed].map((proof) => [proof, ...rootsOf(proof)]));
  expect(said).toHaveLength(EVENTS + 1);
  expect(said.filter((one) => one !== 'ACCEPTED')).toEqual([]);
  const alone = await run(process.execPath, [script, join(folder, '0.json'), ...rootsOf(first)]);
  expect(alone.stdout).toMatch(/^ACCEPTED: 1 attempts, \d rows\n$/);
});

/** Changes one value in it, wherever that is. */
function altered(value: unknown, random: Random): unknown {
  if (Array.isArray(value)) {
    const at = random.between(0, value.length - 1);
    return value.length === 0 ? ['0'.repeat(64)] : value.with(at, altered(value[at], random));
  }
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value) as [string, ...string[]];
    const key = random.pick(keys);
    return { ...value, [key]: altered((value as Record<string, unknown>)[key], random) };
  }
  if (typeof value === 'number') return value + random.pick([-1, 1]);
  if (typeof value !== 'string') return 'added';
  const at = random.between(0, value.length - 1);
  return `${value.slice(0, at)}${value[at] === '1' ? '2' : '1'}${value.slice(at + 1)}`;
}

test(`it refuses ${EVENTS} proofs of which one value was altered, and roots that are not those`, async () => {
  const random = seeded(7);
  const forged = proofs.map((proof): [EventProof, ...string[]] => {
    const part = random.pick(['proofs', 'rows'] as const);
    return [{ ...proof, [part]: altered(proof[part], random) }, ...rootsOf(proof)];
  });
  const said = await checked(forged);
  expect(said.filter((one) => !one.startsWith('REFUSED'))).toEqual([]);
  const [first] = proofs as [EventProof];
  expect(await checked([[first, 'f'.repeat(64)]])).toEqual([
    expect.stringContaining('is not given'),
  ]);
});
