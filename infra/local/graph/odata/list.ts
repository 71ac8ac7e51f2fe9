import {
  invalidFilter,
  notSimulated,
  tooManyClauses,
  unrecognizedGuid,
  unsupportedQuery,
} from '../errors';
import { faultyPage } from '../http/list-fault';
import type { Answer, Call } from '../http/routes';
import type { Placed } from '../state/table';
import type { Comparison, Operator } from './filter';
import { isGuid, membersOf } from './model';
import { present, withContext, type Entity } from './present';
import { readOptions, type Options } from './query-options';

/** How a member is compared in a filter. */
export type Filterable<Row> = {
  /** `guid`, `text`, `instant` (an ISO 8601 time without quotes), or the names of an enumeration. */
  is: 'guid' | 'text' | 'instant' | readonly string[];
  value: (row: Row) => string | null | undefined;
  /** Operators besides `eq`. */
  also?: readonly Operator[];
  /** Whether even `eq` is an advanced query. */
  needs?: 'advanced';
  /** The path that `candidates` knows the member by; its own path if absent. */
  as?: string;
};

export type Filters<Row> = Record<string, Filterable<Row>>;

/** A collection that can be listed. */
export type Listing<Row> = {
  filterable: Filters<Row>;
  /** Members whose names are not known before: those that a tenant has added. */
  extension?: (path: string) => Filterable<Row> | undefined;
  /** Whether a filter may have only one comparison, because no documentation shows two together. */
  alone?: boolean;
  /** Whether it supports `$count` and `ne`, as objects of the directory do. */
  advanced?: boolean;
  /**
   * The rows that can match, from an index where the filter allows it. `equals` returns the value that the filter
   * requires a member to have, in any case; `oneOf` are the members of which it allows several, with their values.
   */
  candidates: (
    call: Call,
    equals: (path: string) => string | undefined,
    oneOf: ReadonlyMap<string, readonly string[]>,
  ) => Placed<Row>[];
};

/** 200 with one page of a collection: filtered, in the order of creation, with a link to the next page if there is one. */
export function list<Row>(entity: Entity<Row>, listing: Listing<Row>, call: Call): Answer {
  const options = readOptions(call.query);
  const comparisons = options.filter.map((comparison) =>
    checkComparison(entity, listing, comparison),
  );
  requireConsistency(listing, comparisons, options, call);
  const required = new Map(
    comparisons
      .filter(({ operator }) => operator === 'eq')
      .map(({ member, path, value }) => [member.as ?? path, value]),
  );
  if (listing.alone === true && comparisons.length > 1) {
    throw notSimulated('several comparisons in a filter of this collection');
  }
  const oneOf = new Map(
    comparisons.flatMap(({ member, path, value, operator, values }) =>
      operator === 'eq' && value !== 'null'
        ? [[member.as ?? path, [value]] as const]
        : values
          ? [[member.as ?? path, values] as const]
          : [],
    ),
  );
  const candidates = listing.candidates(call, (path) => required.get(path), oneOf);
  const { after, count, top, shape } = options;
  const size = Math.min(top ?? call.pageSize, call.pageSize);
  const fits = ({ row }: Placed<Row>): boolean => matches(comparisons, row);
  // Only a count needs every row of a long list to be compared.
  const found = count ? candidates.filter(fits) : candidates;
  const behind = found.filter(({ order }) => order > after);
  const left = count ? behind : firstOf(behind, fits, size + 1);
  const shown = left.slice(0, size);
  const last = shown.at(-1)?.order ?? after;
  const more = left.length > size && size > 0;
  const value = faultyPage(
    call.listFault,
    shown.map(({ row }) => present(entity, row, call, shape)),
  );
  const next = more ? { '@odata.nextLink': nextLink(call, last) } : {};
  const counted = count ? { '@odata.count': found.length } : {};
  return { status: 200, body: withContext(call, '', { ...counted, ...next, value }) };
}

function firstOf<Item>(
  items: readonly Item[],
  fits: (item: Item) => boolean,
  most: number,
): Item[] {
  const first: Item[] = [];
  for (const item of items) {
    if (first.length === most) break;
    if (fits(item)) first.push(item);
  }
  return first;
}

function nextLink(call: Call, after: number): string {
  const query = new URLSearchParams(call.query);
  query.delete('skiptoken');
  query.set('$skiptoken', String(after));
  return `${call.origin}${call.path}?${query.toString()}`;
}

/** docs: https://learn.microsoft.com/graph/known-issues (query parameters): 15 by default; here also in advanced queries. */
const MOST_VALUES = 15;

/** The same page: an advanced query may have an address of so many characters. */
const LONGEST_ADVANCED = 2048;

type Checked<Row> = Comparison & { member: Filterable<Row> };

/** Checks a comparison against what the collection can be filtered by. Ids become lower case, states their exact name. */
function checkComparison<Row>(
  { model, type }: Entity<Row>,
  { filterable, extension }: Listing<Row>,
  comparison: Comparison,
): Checked<Row> {
  const { path, operator, value, quoted } = comparison;
  const member = Object.hasOwn(filterable, path) ? filterable[path] : extension?.(path);
  if (member === undefined) {
    const [first = ''] = path.split('/');
    if (Object.hasOwn(membersOf(model, type), first)) throw notSimulated(`a filter on ${path}`);
    throw invalidFilter(`could not find a property named '${path}'`);
  }
  if (operator !== 'eq' && member.also?.includes(operator) !== true) {
    throw notSimulated(`the filter operator ${operator} on ${path}`);
  }
  if ((comparison.values?.length ?? 0) > MOST_VALUES) throw tooManyClauses(MOST_VALUES);
  if (member.is === 'guid') {
    if (!isGuid(value)) throw unrecognizedGuid(value);
    return { ...comparison, member, value: value.toLowerCase() };
  }
  if (member.is === 'instant') {
    if (quoted || Number.isNaN(Date.parse(value))) throw invalidFilter(`'${value}' is not a time`);
    return { ...comparison, member };
  }
  if (member.is === 'text') {
    if (!quoted && value !== 'null')
      throw invalidFilter(`'${path}' is compared with a value that is not text`);
    return { ...comparison, member };
  }
  const name = member.is.find((known) => known.toLowerCase() === value.toLowerCase());
  if (name === undefined) throw invalidFilter(`'${value}' is not a value of '${path}'`);
  return { ...comparison, member, value: name };
}

const isNull = ({ value, quoted }: Comparison): boolean => value === 'null' && !quoted;

/**
 * The case of letters makes no difference, another Unicode form does. Names of a state and ids are exact by now.
 * Source: https://learn.microsoft.com/answers/questions/1274766 (employeeId)
 */
function matches<Row>(comparisons: Checked<Row>[], row: Row): boolean {
  return comparisons.every((comparison) => {
    const actual = comparison.member.value(row)?.toLowerCase() ?? null;
    if (comparison.operator === 'gt' || comparison.operator === 'ge') {
      const later = Date.parse(actual ?? '') - Date.parse(comparison.value);
      return later > 0 || (later === 0 && comparison.operator === 'ge');
    }
    const value = comparison.value.toLowerCase();
    if (comparison.values) return comparison.values.some((one) => one.toLowerCase() === actual);
    if (comparison.operator === 'startsWith') return actual?.startsWith(value) === true;
    const expected = isNull(comparison) ? null : value;
    return (actual === expected) === (comparison.operator === 'eq');
  });
}

/**
 * In the directory, `$count`, `ne`, a text that is null, and some members are advanced queries. Without the header and
 * `$count=true` they are refused. docs: https://learn.microsoft.com/graph/aad-advanced-queries
 */
function requireConsistency<Row>(
  { advanced }: Listing<Row>,
  comparisons: Checked<Row>[],
  { count }: Options,
  { headers, origin, path, query }: Call,
): void {
  if (advanced !== true) {
    const isPlain = !count && comparisons.every(({ operator }) => operator !== 'ne');
    if (isPlain) return;
    throw notSimulated('counting this collection');
  }
  const needs = comparisons.some(
    (one) => one.operator === 'ne' || one.member.needs === 'advanced' || isNull(one),
  );
  if (!count && !needs) return;
  const consistent = headers['consistencylevel']?.toString().toLowerCase() === 'eventual';
  if (!consistent || !count) {
    throw unsupportedQuery('It needs the header ConsistencyLevel: eventual and $count=true.');
  }
  if (`${origin}${path}?${query.toString()}`.length > LONGEST_ADVANCED)
    throw unsupportedQuery(`Its address has more than ${LONGEST_ADVANCED} characters.`);
}
