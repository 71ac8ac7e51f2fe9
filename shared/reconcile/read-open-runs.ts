import { z } from 'zod';
import type { ReconcileRun } from '../domain/workflow/activities';
import type { Outcome } from '../domain/workflow/outcome';
import { mapConcurrent } from '../promises';
import { openEvents, type OpenEventStores } from '../reports/open-events';
import type { Ledger } from '../storage/audit';
import { shards } from '../storage/due';
import type { Holdings } from '../storage/holdings';
import type { Staging } from '../storage/staging';
import { TooManyNumbers, type Workers } from '../storage/workers';

/** People whose run is open or whose wake-up is due, by their numbers, and accounts of people with a run since the reading began. */
export const OpenRuns = z.object({ ids: z.array(z.string()) });
const MOST_IDS = 1000;
const AT_ONCE = 8;
/** By so much the clocks of two instances may differ. */
const SKEW_MS = 60_000;

type PersonServices = { workers: Pick<Workers, 'person'>; holdings: Pick<Holdings, 'of'> };

/**
 * Notes whose run is open now that everything was read: what they have is under way. A run that has closed since the reading
 * began shows in its holdings; but if it is of the first event about a person, the person was not read, and all that was is
 * their account in the list of a package.
 */
export async function readOpenRuns(
  services: OpenEventStores &
    PersonServices & { ledger: Pick<Ledger, 'eventsSince'>; staging: Pick<Staging, 'put'> },
  { generation, at }: ReconcileRun,
): Promise<Outcome<{ open: number }>> {
  const { claims, due, ledger, holdings, staging } = services;
  const open = await openEvents({ claims, due });
  const ids = new Set(open.flatMap(({ fact }) => fact.workerId ?? []));
  for await (const personId of duePeople(due)) ids.add(personId);
  const since = new Date(Date.parse(at) - SKEW_MS).toISOString();
  await mapConcurrent(AT_ONCE, await ledger.eventsSince(since), async (eventHash) => {
    const { workerId } = (await claims.read(eventHash))?.fact ?? {};
    if (workerId === undefined) return;
    const numbers = new Set([workerId, await rootOf(services, workerId)]);
    for (const { targetId } of await holdings.of([...numbers])) ids.add(targetId);
  });
  const all = [...ids];
  for (let from = 0; from < all.length; from += MOST_IDS)
    await staging.put(generation, 'open', `${from}`, { ids: all.slice(from, from + MOST_IDS) });
  return { kind: 'done', open: all.length };
}

/** The number that the holdings of a person are kept under. */
async function rootOf(
  { workers }: Pick<PersonServices, 'workers'>,
  workerId: string,
): Promise<string> {
  try {
    return (await workers.person(workerId)).root;
  } catch (error) {
    if (error instanceof TooManyNumbers) return workerId;
    throw error;
  }
}

/** Whose plan changes by an instant that has passed, and whose event of the clock has not been made yet. */
async function* duePeople({ ready }: OpenEventStores['due']): AsyncGenerator<string> {
  for (const shard of shards)
    for await (const task of ready(shard, new Date().toISOString()))
      if (task.kind === 'wake') yield task.personId;
}
