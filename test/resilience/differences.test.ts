import { randomInt } from 'node:crypto';
import { runDifferences, type RunFigures } from './differences/differences';
import { causes, drawPopulation, expectedOf } from './differences/population';
import { FindingKind } from '../../shared/domain/reconcile/findings';

const seed = Number(process.env['JOINERY_SEED'] ?? randomInt(2 ** 31));
const size = { people: 300, packages: 8, differences: 40, seed };

test('the same seed plants the same differences, of every kind, and another seed plants others', () => {
  const drawn = drawPopulation({ ...size, seed: 7 });
  const { first } = expectedOf(drawn);
  expect(first).toEqual(expectedOf(drawPopulation({ ...size, seed: 7 })).first);
  expect(first).not.toEqual(expectedOf(drawPopulation({ ...size, seed: 8 })).first);
  expect(new Set(drawn.planted.map(({ cause }) => cause))).toEqual(new Set(causes));
  expect(drawn.planted.length + drawn.drifted.length).toBe(40);
  const kinds = first.map((named) => named.split(' ')[0]);
  expect(new Set(kinds)).toEqual(new Set(FindingKind.options));
});

test('of 300 people a run names exactly the 40 planted differences, repairs those that may be, and the next leaves the others', async () => {
  const lines: string[] = [`JOINERY_SEED=${seed}`];
  const print = (line: string): unknown => lines.push(line);
  const result = await runDifferences({ ...size, print }).finally(() =>
    console.log(lines.join('\n')),
  );
  expect(result.faults).toEqual([]);
  expect(result.repaired).toBeGreaterThan(5);
  // Pages of lists, and what each package itself costs: nothing by the person.
  const [, { graphCalls, pages }] = result.runs as [RunFigures, RunFigures];
  expect(graphCalls - pages).toBeLessThanOrEqual(6 * size.packages + 1);
}, 240_000);
