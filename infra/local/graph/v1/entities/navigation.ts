import type { Call } from '../../http/call';
import { present, type Entity, type Navigation } from '../../odata/entities';
import type { Placed } from '../../state/table';
import { v1 } from '../dialect';

export const instant = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString();

/** A navigation to one row; null where it leads nowhere (or to something this replica has not heard of). */
export const toOne =
  <Row, Other>(
    entity: () => Entity<Other>,
    find: (row: Row, call: Call) => Other | undefined,
  ): Navigation<Row> =>
  (row, call, shape) => {
    const found = find(row, call);
    return found === undefined ? null : present(v1, entity(), found, call, shape);
  };

/** A navigation to a collection. */
export const toMany =
  <Row, Other>(
    entity: () => Entity<Other>,
    find: (row: Row, call: Call) => Other[],
  ): Navigation<Row> =>
  (row, call, shape) =>
    find(row, call).map((found) => present(v1, entity(), found, call, shape));

export const rows = <Row>(found: Placed<Row>[]): Row[] => found.map(({ row }) => row);
