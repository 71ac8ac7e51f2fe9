/** Runs `act` for all items, at most `concurrency` at a time; the results are in the order of the items. */
export async function mapConcurrent<Item, Result>(
  concurrency: number,
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [place, item] of left) results[place] = await act(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}
