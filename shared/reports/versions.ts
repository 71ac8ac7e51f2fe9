import type { StoredClaim } from '../domain/workflow/claim';
import { openEvents, type OpenEventStores } from './open-events';

/** The open events of one version of the orchestration. `oldest` is when the first of them was received (ISO 8601). */
export type VersionLine = { version: number | 'not begun'; open: number; oldest: string };

/** Counts the open events by the version of the orchestration that runs them, lowest version first. */
export async function versionReport(stores: OpenEventStores): Promise<VersionLine[]> {
  const open = await openEvents(stores);
  return [...new Set(open.map(versionOf))]
    .map((version) => {
      const claims = open.filter((claim) => versionOf(claim) === version);
      return { version, open: claims.length, oldest: oldestOf(claims) };
    })
    .sort((a, b) => rank(a) - rank(b));
}

/**
 * Whether the code of the versions before `version` is still needed. An event that has not begun needs it too: its start
 * may wait in the task hub under an earlier version.
 */
export const needsOlder = (lines: readonly VersionLine[], version: number): boolean =>
  lines.some((line) => line.version === 'not begun' || line.version < version);

/** The first activity of a run stores its version in the claim. */
const versionOf = ({ state, version }: StoredClaim): VersionLine['version'] =>
  state === 'claimed' || version === undefined ? 'not begun' : version;

const rank = ({ version }: VersionLine): number => (version === 'not begun' ? Infinity : version);

const oldestOf = (claims: readonly StoredClaim[]): string =>
  claims.map(({ fact }) => fact.receivedAt).sort()[0] ?? '';
