import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredClaim } from '../shared/domain/workflow/claim';
import { COMPARED } from '../shared/reconcile/compare-shards';
import { rosterAwaited } from '../shared/reconcile/read-roster';
import type { Staging } from '../shared/storage/staging';
import { openClaims, type Connection } from './connection';
import { CliError } from './print';

const POLL_MS = 500;

/**
 * Waits until an event that was asked for is closed. After `deadline` (seconds) the event goes on, and who asked for it is
 * told so.
 */
export async function follow(
  connection: Connection,
  eventHash: string,
  deadline: number,
  onLook: (eventHash: string) => Promise<void> = () => Promise.resolve(),
): Promise<StoredClaim> {
  const claims = openClaims(connection);
  const until = Date.now() + deadline * 1000;
  for (;;) {
    const claim = await claims.read(eventHash);
    if (claim?.state === 'closed') return claim;
    if (Date.now() > until)
      throw new CliError(
        claim
          ? 'it has not ended yet, and goes on: "joinery reconcile --last" shows its report'
          : 'the app has not taken it up yet: it begins when the app runs',
      );
    await onLook(eventHash);
    await sleep(POLL_MS);
  }
}

/** Writes a line whenever a run of the reconciliation has come further, with a total only once it is known. */
export function progressOf(
  staging: Staging,
  write: (line: string) => void,
): (eventHash: string) => Promise<void> {
  let last = '';
  let parts: number | undefined;
  return async (eventHash) => {
    const { holder, generation } = await staging.lease();
    if (holder?.startsWith(eventHash) !== true) return;
    const compared = await staging.countCompared(generation);
    if (compared > 0) parts ??= (await staging.stagedShards(generation, COMPARED)).length;
    const line =
      parts === undefined
        ? await readSoFar(staging, generation)
        : `${compared} of ${parts} parts compared`;
    if (line !== last) write(line);
    last = line;
  };
}

/** Packages that have left the model are found with the people, who are read between the first list and all others. */
async function readSoFar(staging: Staging, generation: number): Promise<string> {
  const awaited = await rosterAwaited(staging, generation);
  if (awaited !== undefined) return `the roster cannot be read and is tried again (${awaited})`;
  const scopes = await staging.scopes(generation);
  const read = scopes.filter(({ state }) => state !== 'reading').length;
  const isKnown = scopes.slice(1).some(({ state, pages }) => state !== 'reading' || pages > 0);
  return isKnown ? `${read} of ${scopes.length} lists read` : `lists read: ${read}`;
}
