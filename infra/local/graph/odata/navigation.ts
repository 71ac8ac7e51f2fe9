import type { Call } from '../http/call';
import type { Placed } from '../state/table';
import { present, type Dialect, type Entity, type Navigation } from './entities';

type ToOne = <Row, Other>(
  entity: () => Entity<Other>,
  find: (row: Row, call: Call) => Other | undefined,
) => Navigation<Row>;

type ToMany = <Row, Other>(
  entity: () => Entity<Other>,
  find: (row: Row, call: Call) => Other[],
) => Navigation<Row>;

/** How the members of a dialect lead to other entities of it; entities are named lazily, as they lead in circles. */
export function navigationIn(dialect: Dialect): { toOne: ToOne; toMany: ToMany } {
  return {
    // Null where it leads nowhere, or to something that this replica has not heard of.
    toOne: (entity, find) => (row, call, shape) => {
      const found = find(row, call);
      return found === undefined ? null : present(dialect, entity(), found, call, shape);
    },
    toMany: (entity, find) => (row, call, shape) =>
      find(row, call).map((found) => present(dialect, entity(), found, call, shape)),
  };
}

export const instant = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString();

export const rows = <Row>(found: Placed<Row>[]): Row[] => found.map(({ row }) => row);
