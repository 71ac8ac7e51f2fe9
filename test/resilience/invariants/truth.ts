import type { Evidence, Row } from '../evidence';
import { isActive } from './entitlements';
import { attemptOf, text } from './rows';

/** What the ledger says of access is so: delivered means assigned and granted, and nobody has what no row tells of. */
export function truthFaults({ tables, graph }: Evidence): string[] {
  const active = graph.assignments.filter(({ state }) => isActive(state));
  const place = (packageId: string, targetId: string): string => `${packageId} ${targetId}`;
  const assigned = new Map(
    active.map(({ packageId, targetId, id }) => [place(packageId, targetId), id]),
  );
  const granted = new Set(graph.grants.flatMap(({ assignmentIds }) => assignmentIds));
  const told = tables.audit.filter(
    (row) =>
      row['kind'] === 'settled' &&
      row['step'] === 'assign' &&
      ['delivered', 'already-held'].includes(text(row, 'outcome')),
  );
  const placeOf = (row: Row): string => place(text(row, 'accessPackageId'), text(row, 'targetId'));
  const toldPlaces = new Set(told.map(placeOf));
  return [
    ...told.flatMap((row) => {
      const assignment = assigned.get(placeOf(row));
      if (!assignment) return [`ledger says delivered, but nothing is assigned: ${attemptOf(row)}`];
      return granted.has(assignment) ? [] : [`assigned, but no role is granted: ${assignment}`];
    }),
    ...[...assigned]
      .filter(([key]) => !toldPlaces.has(key))
      .map(([, id]) => `assignment of which no row tells: ${id}`),
  ];
}
