import type { BrakeKind } from '../../../shared/domain/lifecycle/gate';
import { createRemovalBrakes } from '../../../shared/storage/removals';
import { runCommand } from '../../support/run-command';
import { hash, openStorage, type Storage } from '../../support/storage';

const OBJECT = '20000000-0000-4000-8000-000000000001';
const AT = '2026-06-01T12:00:00.000Z';

let storage: Storage;
beforeEach(async () => {
  storage = await openStorage();
});
afterEach(() => storage.close());

const joinery = (...args: string[]) =>
  runCommand(args, {
    ServiceBus: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=k',
    RECORDS_STORAGE: storage.connectionString,
    AUDIT_STORAGE: storage.connectionString,
    EVENT_SOURCES: 'urn:hr:acme:workday',
  });
const DECISION = ['--by', 'ann', '--reason', 'T-1'];

/** People who wait under a brake of this kind. */
async function hold(kind: BrakeKind, ...people: string[]): Promise<void> {
  const brakes = createRemovalBrakes(storage.table('removals'));
  for (const person of people) {
    const packages = [
      { objectId: OBJECT, packageKey: 'badge' },
      { objectId: OBJECT, packageKey: 'tools' },
    ];
    const removals = { kind, person, eventHash: hash('a'), facts: 'f', packages };
    const limits = { windowSeconds: 60, limit: 0 };
    await brakes.ask(removals, await brakes.recall(person), { isDue: true, limits, at: AT });
  }
}

test('held lists every open brake with the people who wait and what they would lose', async () => {
  await hold('usual', 'W-1', 'W-2');
  await hold('urgent', 'W-3');
  const { code, stdout } = await joinery('held', '--json');
  expect(code).toBe(0);
  const person = (id: string) => ({
    ...{ person: id, eventHash: hash('a'), since: AT },
    ...{ objectIds: [OBJECT], packages: ['badge', 'tools'] },
  });
  expect(JSON.parse(stdout)).toEqual({
    brakes: [
      {
        id: 'usual-1',
        kind: 'usual',
        trippedAt: AT,
        counted: 1,
        people: ['W-1', 'W-2'].map(person),
      },
      { id: 'urgent-1', kind: 'urgent', trippedAt: AT, counted: 1, people: [person('W-3')] },
    ],
  });
  const shown = await joinery('held');
  expect(shown.stdout).toContain(
    'brake usual-1, tripped at 2026-06-01T12:00:00.000Z: 2 people wait',
  );
  expect(shown.stdout).toMatch(/W-2 +badge, tools +20000000-/);
  expect(shown.stdout).toContain('joinery release usual-1 --by');
});

test('without an open brake held says so', async () => {
  expect(await joinery('held')).toMatchObject({
    code: 0,
    stdout: 'nothing is held by a brake\n',
  });
});

test.each([
  ['release', 'released', 'the removals of 2 people are carried out'],
  ['discard', 'discarded', '2 people keep what they have'],
])('%s closes a brake once, and the second one is told by whom', async (command, state, text) => {
  await hold('usual', 'W-1', 'W-2');
  const closed = await joinery(command, 'usual-1', ...DECISION);
  expect(closed).toMatchObject({ code: 0, stderr: '' });
  expect(closed.stdout).toContain(text);
  const again = await joinery('release', 'usual-1', '--by', 'bob', '--reason', 'T-2', '--json');
  expect(again.code).toBe(1);
  expect(again.stderr).toContain(`brake usual-1 was ${state} by ann (T-1) at `);
  expect(JSON.parse((await joinery('held', '--json')).stdout)).toEqual({ brakes: [] });
});

test('with --json release answers what was decided and for how many', async () => {
  await hold('urgent', 'W-1');
  const { stdout } = await joinery('release', 'urgent-1', ...DECISION, '--json');
  expect(JSON.parse(stdout)).toEqual({
    ...{ brake: 'urgent-1', state: 'released', by: 'ann', reason: 'T-1', people: 1 },
  });
});

test.each([
  [['release', 'usual-9', ...DECISION], 1, 'there is no brake usual-9'],
  [['discard', 'everything', ...DECISION], 1, 'there is no brake everything'],
  [['release', 'usual-1', '--by', 'ann'], 2, '--reason'],
  [['discard', 'usual-1', '--by', 'ann@example.com', '--reason', 'T-1'], 2, '--by'],
  [['release', ...DECISION], 2, 'brake'],
])('%j is refused', async (args, code, message) => {
  const refused = await joinery(...args);
  expect(refused.code).toBe(code);
  expect(refused.stderr).toContain(message);
});
