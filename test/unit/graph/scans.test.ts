import { createScans } from '../../../shared/graph/scans';

/** A list that counts its passes, and whose passes wait until they are let go. */
function heldList(items: number[]) {
  let release = (): void => undefined;
  const passes = { begun: 0 };
  const read = async function* () {
    passes.begun += 1;
    await new Promise<void>((resolve) => (release = resolve));
    yield* items;
  };
  return { passes, release: (): void => release(), read };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a thousand look-ups at the same time cost two passes, of which the second begins after all of them', async () => {
  const { passes, release, read } = heldList([1, 2, 3]);
  const scan = createScans<number>(0);
  const looks = Array.from({ length: 1000 }, (_, n) => scan('list', read, (one) => one === n));
  while (passes.begun < 1) await turn();
  const late = scan('list', read, (one) => one === 3);
  release();
  expect((await Promise.all(looks)).filter((found) => found !== undefined)).toEqual([1, 2, 3]);
  while (passes.begun < 2) await turn();
  release();
  expect(await late).toBe(3);
  expect(passes.begun).toBe(2);
});

test('a pass ends with the last item that is wanted, and one that fails fails for all who wait for it', async () => {
  const seen: number[] = [];
  const scan = createScans<number>(0);
  // eslint-disable-next-line @typescript-eslint/require-await
  const read = async function* () {
    for (const item of [1, 2, 3, 4]) {
      seen.push(item);
      yield item;
    }
  };
  const both = [scan('a', read, (one) => one === 1), scan('a', read, (one) => one === 2)];
  expect(await Promise.all(both)).toEqual([1, 2]);
  expect(seen).toEqual([1, 2]);
  // eslint-disable-next-line @typescript-eslint/require-await
  const failing = async function* (): AsyncGenerator<number> {
    yield 1;
    throw new Error('no more');
  };
  const looks = [1, 2, 3].map((n) => scan('b', failing, (one) => one === n));
  const [first, second, third] = await Promise.allSettled(looks);
  expect(first).toEqual({ status: 'fulfilled', value: 1 });
  expect([second?.status, third?.status]).toEqual(['rejected', 'rejected']);
});

test('passes over one list keep their distance, and another list waits for none of them', async () => {
  const began: number[] = [];
  // eslint-disable-next-line @typescript-eslint/require-await
  const read = async function* () {
    began.push(performance.now());
    yield 1;
  };
  const scan = createScans<number>(200);
  await scan('list', read, () => true);
  await scan('other', read, () => true);
  await scan('list', read, () => true);
  const [first = 0, , third = 0] = began;
  expect(third - first).toBeGreaterThan(150);
});
