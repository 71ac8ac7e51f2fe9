import { badQuery, notSimulated } from '../errors';
import type { Answer, Call } from '../http/call';
import type { Placed } from '../state/table';
import type { Operator } from './filter';
import { checked, matches, requireConsistency } from './matching';
import { membersOf, type EntityModel } from './model';
import { readOptions, type Options } from './options';
import type { Shape } from './shape';

/** A dialect's view of one kind of row: how its members read, and where its navigation leads. */
export type Entity<Row> = {
  /** The name of the type in the model. */
  type: string;
  /** The value of every property that answers carry. */
  properties: (row: Row, call: Call) => Record<string, unknown>;
  /** What a caller gets who selects nothing; all properties unless said otherwise. */
  usual?: readonly string[];
  navigation: Record<string, Navigation<Row>>;
};

/** Follows a navigation member and presents what it finds in the shape asked for. */
export type Navigation<Row> = (row: Row, call: Call, shape: Shape) => unknown;

/** A member that can be filtered on: how it compares, and the rows by its value where an index has them. */
export type Filterable<Row> = {
  is: 'guid' | 'text' | readonly string[];
  value: (row: Row) => string | null | undefined;
  /** Operators beside `eq`. */
  also?: readonly Operator[];
};

export type Dialect = { model: EntityModel };

/** One entity in the shape asked for. Selecting or expanding what the type does not declare is refused. */
export function present<Row>(
  { model }: Dialect,
  entity: Entity<Row>,
  row: Row,
  call: Call,
  shape: Shape,
): Record<string, unknown> {
  const all = entity.properties(row, call);
  const names = shape.select ?? entity.usual;
  const shown: Record<string, unknown> = {};
  if (names === undefined) Object.assign(shown, all);
  else for (const name of names) shown[name] = selected(model, entity, all, name);
  for (const [name, inner] of shape.expand) {
    shown[name] = navigationOf(model, entity, name)(row, call, inner);
  }
  return shown;
}

function selected<Row>(
  model: EntityModel,
  { type }: Entity<Row>,
  all: Record<string, unknown>,
  name: string,
): unknown {
  if (Object.hasOwn(all, name)) return all[name];
  if (Object.hasOwn(membersOf(model, type), name)) return null;
  throw badQuery(`Could not find a property named '${name}' on type 'microsoft.graph.${type}'.`);
}

function navigationOf<Row>(model: EntityModel, entity: Entity<Row>, name: string): Navigation<Row> {
  const follow = Object.hasOwn(entity.navigation, name) ? entity.navigation[name] : undefined;
  if (follow !== undefined) return follow;
  const declared = Object.hasOwn(model.types[entity.type]?.navigation ?? {}, name);
  if (declared) throw notSimulated(`the expansion of ${name} on ${entity.type}`);
  throw badQuery(
    `Could not find a property named '${name}' on type 'microsoft.graph.${entity.type}'.`,
  );
}

/** 200 with one entity. */
export function one<Row>(dialect: Dialect, entity: Entity<Row>, row: Row, call: Call): Answer {
  const { shape } = readOptions(call.query);
  return {
    status: 200,
    body: withContext(call, '/$entity', present(dialect, entity, row, call, shape)),
  };
}

/** 201 with the entity that was made. */
export function made<Row>(dialect: Dialect, entity: Entity<Row>, row: Row, call: Call): Answer {
  const shape = readOptions(call.query).shape;
  return {
    status: 201,
    body: withContext(call, '/$entity', present(dialect, entity, row, call, shape)),
  };
}

export type Listing<Row> = {
  filterable: Record<string, Filterable<Row>>;
  /** Whether it can be counted, and compared by `ne`, as objects of the directory can. */
  advanced?: boolean;
  /** The rows that can match, by an index where the filter allows it. `equals` is the value that a member must have. */
  candidates: (call: Call, equals: (path: string) => string | undefined) => Placed<Row>[];
};

/** 200 with a page of a collection: filtered, in the order of creation, with a link to the next page if there is one. */
export function list<Row>(
  dialect: Dialect,
  entity: Entity<Row>,
  listing: Listing<Row>,
  call: Call,
): Answer {
  const options = readOptions(call.query);
  const comparisons = options.filter.map((comparison) =>
    checked(dialect.model, entity, listing, comparison),
  );
  requireConsistency(listing, options, call);
  const equals = (path: string): string | undefined =>
    comparisons.find((one) => one.path === path && one.operator === 'eq')?.value;
  const found = listing
    .candidates(call, equals)
    .filter(({ row }) => matches(listing, comparisons, row));
  return page(call, options, found, (row) => present(dialect, entity, row, call, options.shape));
}

function page<Row>(
  call: Call,
  { top, after, count }: Options,
  found: Placed<Row>[],
  show: (row: Row) => object,
): Answer {
  const size = Math.min(top ?? call.pageSize, call.pageSize);
  const left = found.filter(({ order }) => order > after);
  const shown = left.slice(0, size);
  const last = shown.at(-1)?.order ?? after;
  const more = left.length > size && size > 0;
  const value = shown.map(({ row }) => show(row));
  const next = more ? { '@odata.nextLink': nextLink(call, last) } : {};
  const counted = count ? { '@odata.count': found.length } : {};
  return { status: 200, body: withContext(call, '', { ...counted, ...next, value }) };
}

function nextLink(call: Call, after: number): string {
  const query = new URLSearchParams(call.query);
  query.delete('skiptoken');
  query.set('$skiptoken', String(after));
  return `${call.origin}${call.path}?${query.toString()}`;
}

function withContext(call: Call, suffix: string, body: object): object {
  const [, version, ...path] = call.path.split('/');
  const context = `${call.origin}/${version ?? ''}/$metadata#${path.join('/')}${suffix}`;
  return { '@odata.context': context, ...body };
}
