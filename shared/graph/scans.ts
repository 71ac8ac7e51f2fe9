import { setTimeout } from 'node:timers/promises';

type Lookup<Item> = {
  isWanted: (item: Item) => boolean;
  resolve: (found: Item | undefined) => void;
  reject: (error: unknown) => void;
};
type List<Item> = { waiting: Lookup<Item>[]; isRead: boolean; notBefore: number };

/** Looks for the first wanted item of the list that `key` names and `read` reads. Throws what `read` throws. */
export type Scan<Item> = (
  key: string,
  read: () => AsyncIterable<Item>,
  isWanted: (item: Item) => boolean,
) => Promise<Item | undefined>;

/**
 * One pass over a long list serves everybody who looked for something when it began: thousands of look-ups at once cost
 * a few passes, not thousands. Whoever comes later waits for the next pass, because this one may be past what they want. A
 * pass begins at the earliest `pauseMs` after the one before it began, ends with the last wanted item, and keeps nothing.
 */
export function createScans<Item>(pauseMs: number): Scan<Item> {
  const lists = new Map<string, List<Item>>();

  const readWhileWaited = async (
    list: List<Item>,
    read: () => AsyncIterable<Item>,
  ): Promise<void> => {
    list.isRead = true;
    while (list.waiting.length > 0) {
      await setTimeout(Math.max(list.notBefore - Date.now(), 0));
      list.notBefore = Date.now() + pauseMs;
      await serve(list.waiting.splice(0), read);
    }
    list.isRead = false;
  };

  return (key, read, isWanted) =>
    new Promise((resolve, reject) => {
      const list = lists.get(key) ?? { waiting: [], isRead: false, notBefore: 0 };
      lists.set(key, list);
      list.waiting.push({ isWanted, resolve, reject });
      if (!list.isRead) void readWhileWaited(list, read);
    });
}

async function serve<Item>(
  lookups: readonly Lookup<Item>[],
  read: () => AsyncIterable<Item>,
): Promise<void> {
  let open = lookups;
  try {
    for await (const item of read()) {
      for (const { isWanted, resolve } of open) if (isWanted(item)) resolve(item);
      open = open.filter(({ isWanted }) => !isWanted(item));
      if (open.length === 0) return;
    }
    for (const { resolve } of open) resolve(undefined);
  } catch (error) {
    for (const { reject } of open) reject(error);
  }
}
