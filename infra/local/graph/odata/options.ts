import { badQuery, notSimulated } from '../errors';
import { parseFilter, type Comparison } from './filter';
import { parseShape, type Shape } from './shape';

/** The query options of a GET. `after` is the place that an earlier page ended at. */
export type Options = {
  filter: Comparison[];
  shape: Shape;
  top: number | undefined;
  /** Whether the number of all that match is asked for. */
  count: boolean;
  after: number;
};

const known = ['filter', 'select', 'expand', 'top', 'count', 'skiptoken'];
const left = ['orderby', 'search', 'skip', 'format', 'apply', 'compute', 'deltatoken'];

/**
 * Reads OData's query options; the `$` before a name is optional in Graph. Options that Graph has and the simulator has
 * not are refused, unknown ones with a `$` as well; others are no business of OData.
 * Source: https://learn.microsoft.com/graph/query-parameters
 */
export function readOptions(query: URLSearchParams): Options {
  const given = new Map<string, string>();
  for (const [key, value] of query) {
    const name = key.replace(/^\$/, '').toLowerCase();
    if (left.includes(name)) throw notSimulated(`the query option $${name}`);
    if (known.includes(name)) given.set(name, value);
    else if (key.startsWith('$')) throw badQuery(`The query option '${key}' is not recognized.`);
  }
  const filter = given.get('filter');
  return {
    filter: filter === undefined ? [] : parseFilter(filter),
    shape: parseShape(given.get('select'), given.get('expand')),
    top: number(given.get('top'), '$top'),
    count: flag(given.get('count'), '$count'),
    after: number(given.get('skiptoken'), '$skiptoken') ?? 0,
  };
}

function number(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw badQuery(`The value of ${name} is not a number.`);
  return Number(text);
}

function flag(text: string | undefined, name: string): boolean {
  if (text !== undefined && text !== 'true' && text !== 'false') {
    throw badQuery(`The value of ${name} is neither true nor false.`);
  }
  return text === 'true';
}
