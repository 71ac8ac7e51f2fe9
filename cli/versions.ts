import { needsOlder, versionReport } from '../shared/reports/versions';
import { openClaims, openDue, type Connection } from './connection';
import { print, tableOf } from './print';

/** Counts open events by version. Exit code 1 if the code of a version before `before` is still needed. */
export async function versions(
  connection: Connection,
  { before, json }: { before?: number; json: boolean },
): Promise<void> {
  const lines = await versionReport({ claims: openClaims(connection), due: openDue(connection) });
  print({ versions: lines }, json, () =>
    lines.length === 0
      ? 'no event is open'
      : tableOf(
          ['version', 'open', 'oldest'],
          lines.map(({ version, open, oldest }) => [version, open, oldest]),
        ),
  );
  if (before !== undefined && needsOlder(lines, before)) process.exitCode = 1;
}
