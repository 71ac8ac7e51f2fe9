import { randomInt } from 'node:crypto';
import { sample, seeded } from './seeded';
import { scenarios } from './sweep/scenarios';
import { openSweep, pointsOf } from './sweep/sweep';

const POINTS = 3;
const seed = Number(process.env['JOINERY_SEED'] ?? randomInt(2 ** 31));

test('the host is killed at some outside calls of a new package: every invariant holds', async () => {
  const [scenario] = scenarios;
  if (!scenario) throw new Error('there is no scenario');
  const sweep = await openSweep(scenario);
  try {
    const points = sample(pointsOf(sweep.calls), POINTS, seeded(seed));
    const told = points.map(({ call, side }) => `${side} ${call.n}: ${call.to} ${call.what}`);
    console.log(
      `JOINERY_SEED=${seed}: ${POINTS} of ${2 * sweep.calls.length} points\n${told.join('\n')}`,
    );
    for (const point of points) expect(await sweep.crashAt(point)).toEqual([]);
  } finally {
    await sweep.stop();
  }
}, 120_000);
