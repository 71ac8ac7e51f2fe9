import { badQuery, notSimulated } from '../errors';
import type { Answer, Call } from '../http/routes';
import type { Placed } from '../state/table';
import { membersOf, type EntityModel } from './model';
import { plain, readOptions, type Shape } from './query-options';

/** How one kind of row is presented: its properties, and where its navigation members lead. */
export type Entity<Row> = {
  /** The model that declares the type. */
  model: EntityModel;
  /** The name of the type in the model. */
  type: string;
  /** The value of every property that an answer carries. */
  properties: (row: Row, call: Call) => Record<string, unknown>;
  /** The properties that a caller without `$select` gets; all of them if absent. */
  usual?: readonly string[];
  /** Whether a name that the model does not declare may be a member that a tenant has added. */
  isExtension?: (name: string) => boolean;
  navigation: Record<string, Navigation<Row>>;
};

/** Follows a navigation member and presents what it finds in the requested shape. */
export type Navigation<Row> = (row: Row, call: Call, shape: Shape) => unknown;

/** Presents one row in the requested shape. Throws BadRequest for a selected or expanded member that the type lacks. */
export function present<Row>(
  entity: Entity<Row>,
  row: Row,
  call: Call,
  shape: Shape = plain,
): Record<string, unknown> {
  const all = entity.properties(row, call);
  const names = shape.select ?? entity.usual;
  const shown: Record<string, unknown> = {};
  if (names === undefined) Object.assign(shown, all);
  else for (const name of names) shown[name] = selected(entity, all, name);
  for (const [name, inner] of shape.expand) {
    shown[name] = navigationOf(entity, name)(row, call, inner);
  }
  return shown;
}

function selected<Row>(
  { model, type, isExtension }: Entity<Row>,
  all: Record<string, unknown>,
  name: string,
): unknown {
  if (Object.hasOwn(all, name)) return all[name];
  if (Object.hasOwn(membersOf(model, type), name) || isExtension?.(name) === true) return null;
  throw badQuery(`Could not find a property named '${name}' on type 'microsoft.graph.${type}'.`);
}

function navigationOf<Row>({ model, type, navigation }: Entity<Row>, name: string) {
  const follow = Object.hasOwn(navigation, name) ? navigation[name] : undefined;
  if (follow !== undefined) return follow;
  const declared = Object.hasOwn(model.types[type]?.navigation ?? {}, name);
  if (declared) throw notSimulated(`the expansion of ${name} on ${type}`);
  throw badQuery(`Could not find a property named '${name}' on type 'microsoft.graph.${type}'.`);
}

/** 200 with one entity. */
export const one = <Row>(entity: Entity<Row>, row: Row, call: Call): Answer =>
  withOneEntity(200, entity, row, call);

/** 201 with the new entity. */
export const created = <Row>(entity: Entity<Row>, row: Row, call: Call): Answer =>
  withOneEntity(201, entity, row, call);

function withOneEntity<Row>(status: number, entity: Entity<Row>, row: Row, call: Call): Answer {
  const { shape } = readOptions(call.query);
  return { status, body: withContext(call, '/$entity', present(entity, row, call, shape)) };
}

/** Adds `@odata.context`, which names what the answer contains. */
export function withContext(call: Call, suffix: string, body: object): object {
  const [, version, ...path] = call.path.split('/');
  const context = `${call.origin}/${version ?? ''}/$metadata#${path.join('/')}${suffix}`;
  return { '@odata.context': context, ...body };
}

/**
 * A navigation member with one target, or null if it is absent or unknown to the replica that answers. The entity is
 * named lazily because entities refer to each other in circles.
 */
export const toOne =
  <Row, Other>(
    entity: () => Entity<Other>,
    find: (row: Row, call: Call) => Other | undefined,
  ): Navigation<Row> =>
  (row, call, shape) => {
    const found = find(row, call);
    return found === undefined ? null : present(entity(), found, call, shape);
  };

/** A navigation member with a collection of targets. */
export const toMany =
  <Row, Other>(
    entity: () => Entity<Other>,
    find: (row: Row, call: Call) => Other[],
  ): Navigation<Row> =>
  (row, call, shape) =>
    find(row, call).map((found) => present(entity(), found, call, shape));

/** An instant in milliseconds since 1970 as Graph writes it. */
export const instant = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString();

export const rows = <Row>(found: Placed<Row>[]): Row[] => found.map(({ row }) => row);
