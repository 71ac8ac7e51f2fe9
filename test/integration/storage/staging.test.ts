import { z } from 'zod';
import { createStaging } from '../../../shared/storage/staging';
import { openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let staging: ReturnType<typeof createStaging>;
beforeAll(async () => {
  storage = await openStorage();
  staging = createStaging(storage.table('staging'));
});
afterAll(() => storage.close());

const Item = z.object({ of: z.number() });
const over = (): Promise<boolean> => Promise.resolve(true);

async function stageIn(generation: number): Promise<void> {
  const item = { of: generation };
  await staging.stage(generation, 'held', 'batch', [
    ['00', item],
    ['7f', item],
  ]);
  await staging.stage(generation, 'user', 'batch', [['a1', item]]);
  await staging.stage(generation, 'person', 'batch', [['ff', item]]);
  await staging.put(generation, 'plan', 'plan', item);
}

test('the shards in which something of a kind was staged are told, and none of another run', async () => {
  await stageIn(1);
  await staging.stage(2, 'held', 'batch', [['10', { of: 2 }]]);
  expect(await staging.stagedShards(1, ['held', 'person'])).toEqual(['00', '7f', 'ff']);
  expect(await staging.stagedShards(1, ['user'])).toEqual(['a1']);
  expect(await staging.stagedShards(3, ['held'])).toEqual([]);
});

test('a run removes all that earlier runs have staged, and neither its own rows nor what outlives a run', async () => {
  for (let generation = 1; generation <= 3; generation += 1) {
    await staging.acquire(`run-${generation}`, over);
    await stageIn(generation);
    await staging.keep('group', `of-${generation}`, { of: generation });
  }
  expect(await staging.clearBefore(3, Date.now() - 1)).toBe(false);
  expect(await staging.clearBefore(3, Infinity)).toBe(true);
  for (const [generation, expected] of [
    [1, []],
    [2, []],
    [3, ['00', '7f', 'ff']],
  ] as const) {
    expect(await staging.stagedShards(generation, ['held', 'person'])).toEqual(expected);
    const plan = expected.length > 0 ? { of: generation } : undefined;
    expect(await staging.get(Item, generation, 'plan', 'plan')).toEqual(plan);
    expect(await staging.kept(Item, 'group', `of-${generation}`)).toEqual({ of: generation });
  }
  expect(await staging.lease()).toMatchObject({ holder: 'run-3', oldest: 3 });
});
