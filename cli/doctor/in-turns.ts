/** Runs `act` over all items, at most `atOnce` at a time; the results are in the order of the items. */
export async function inTurns<Item, Result>(
  atOnce: number,
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const turn = async (): Promise<void> => {
    for (const [place, item] of left) results[place] = await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
  return results;
}
