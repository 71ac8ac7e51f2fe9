import type { Evidence } from './evidence';
import { text } from './rows';

/** The keys of the packages that each person has in Graph, sorted, by worker id. Nobody's is empty. */
export function heldByPerson({ tables, graph }: Evidence): Map<string, string[]> {
  const keys = new Map(
    tables.audit.map((row) => [text(row, 'accessPackageId'), text(row, 'packageKey')]),
  );
  const people = new Map(
    tables.audit
      .filter((row) => text(row, 'targetId') !== '')
      .map((row) => [text(row, 'targetId'), text(row, 'workerId')]),
  );
  const held = new Map<string, string[]>();
  for (const { packageId, targetId, state } of graph.assignments) {
    if (state.toLowerCase() !== 'delivered') continue;
    const person = people.get(targetId) ?? targetId;
    held.set(person, [...(held.get(person) ?? []), keys.get(packageId) ?? packageId].sort());
  }
  return held;
}
