import type { StoredClaim } from '../shared/domain/workflow/claim';
import { createClaims } from '../shared/storage/claims';
import { createDue, shards } from '../shared/storage/due';
import { openClaims, openDue, type Connection } from './connection';
import { print, tableOf } from './print';

/** Later than any time at which an event is to be looked at. */
const EVER = '9999-12-31T23:59:59.999Z';

type Row = { version: number | 'not begun'; open: number; oldest: string };

/**
 * How many open events run under which version of the orchestration, and when the oldest of them came. With `before`, exit
 * code 1 says that one of an older version is still open, so that its path in the code is still needed; one that has not
 * begun counts too, since its start may be under way in the task hub under the version of that time.
 */
export async function versions(
  connection: Connection,
  { before, json }: { before?: number; json: boolean },
): Promise<void> {
  const open = await openEvents(connection);
  const rows = [...new Set(open.map(versionOf))]
    .map((version): Row => {
      const claims = open.filter((claim) => versionOf(claim) === version);
      return { version, open: claims.length, oldest: oldestOf(claims) };
    })
    .sort((a, b) => rank(a) - rank(b));
  print(rows, json, () =>
    rows.length === 0
      ? 'no event is open'
      : tableOf(
          ['version', 'open', 'oldest'],
          rows.map(({ version, open, oldest }) => [version, open, oldest]),
        ),
  );
  const mayBeOlder = ({ version }: Row): boolean =>
    before !== undefined && (version === 'not begun' || version < before);
  if (rows.some(mayBeOlder)) process.exitCode = 1;
}

async function openEvents(connection: Connection): Promise<StoredClaim[]> {
  const due = createDue(openDue(connection));
  const claims = createClaims(openClaims(connection));
  const shares = await Promise.all(
    shards.map(async (shard) => {
      const found = new Map<string, StoredClaim>();
      for await (const { eventHash } of due.ready(shard, EVER)) {
        const claim = found.has(eventHash) ? undefined : await claims.read(eventHash);
        if (claim && claim.state !== 'closed') found.set(eventHash, claim);
      }
      return [...found.values()];
    }),
  );
  return shares.flat();
}

/** A claim carries the version from the first activity of its run on. */
const versionOf = ({ state, version }: StoredClaim): Row['version'] =>
  state === 'claimed' || version === undefined ? 'not begun' : version;

const rank = ({ version }: Row): number => (version === 'not begun' ? Infinity : version);

const oldestOf = (claims: StoredClaim[]): string =>
  claims.map(({ fact }) => fact.receivedAt).sort()[0] ?? '';
