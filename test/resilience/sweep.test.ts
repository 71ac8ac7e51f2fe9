import { randomInt } from 'node:crypto';
import { sample, seeded } from './seeded';
import { pointsOf, textOf, type CrashPoint, type NamedCall } from './sweep/crash-points';
import { scenarios } from './sweep/scenarios';
import { openSweep, type Sweep } from './sweep/sweep';

const POINTS = 3;
const seed = Number(process.env['JOINERY_SEED'] ?? randomInt(2 ** 31));
let sweep: Sweep;
let calls: NamedCall[];

beforeAll(async () => {
  const [scenario] = scenarios;
  if (!scenario) throw new Error('there is no scenario');
  sweep = await openSweep(scenario);
  calls = await sweep.record();
}, 120_000);
afterAll(() => sweep.stop());

test('the host is killed at some outside calls of a new package: every invariant holds', async () => {
  const all = pointsOf(calls);
  // The last call is the one that is missed where a run makes fewer calls than the recorded one.
  const last = all.slice(-1);
  const points = [...sample(all.slice(0, -1), POINTS, seeded(seed)), ...last];
  const told = points.map((point) => `${point.side} ${textOf(point)}`);
  console.log(`JOINERY_SEED=${seed}: ${points.length} of ${all.length} points\n${told.join('\n')}`);
  for (const point of points) {
    expect(await sweep.crashAt(point)).toEqual({ isHit: true, faults: [] });
  }
}, 120_000);

test('a crash point that no event reaches is a fault of its own, by name', async () => {
  const point: CrashPoint = { to: 'graph', name: 'GET /nowhere', nth: 2, side: 'before' };
  expect(await sweep.crashAt(point)).toEqual({
    isHit: false,
    faults: ['never reached: 3 events ended without graph GET /nowhere, time 2'],
  });
});
