/** A fault for each item whose `member`, as `read` gives it, an earlier item of the list has already. */
export function repeats<Item>(
  list: string,
  member: string,
  items: readonly (Item | undefined)[],
  read: (item: Item) => string | undefined,
): string[] {
  const first = new Map<string, number>();
  return items.flatMap((item, index) => {
    const value = item === undefined ? undefined : read(item);
    if (value === undefined) return [];
    const before = first.get(value);
    if (before === undefined) {
      first.set(value, index);
      return [];
    }
    return [`${list}[${index}].${member}: same as ${list}[${before}].${member}; give each its own`];
  });
}
