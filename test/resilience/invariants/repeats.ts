/** The keys that more than one of the items has. */
export function repeats<Item>(items: readonly Item[], keyOf: (item: Item) => string): string[] {
  return [...grouped(items, keyOf)].filter(([, same]) => same.length > 1).map(([key]) => key);
}

export function grouped<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
