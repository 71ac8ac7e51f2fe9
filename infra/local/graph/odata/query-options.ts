import { badQuery, notSimulated } from '../errors';
import { type Comparison, parseFilter } from './filter';

/** The query options of a GET. `after` is where the page before ended. */
export type Options = {
  filter: Comparison[];
  shape: Shape;
  top: number | undefined;
  /** Whether the answer includes the number of all matches. */
  count: boolean;
  after: number;
};

const known = ['filter', 'select', 'expand', 'top', 'count', 'skiptoken'];
const notSupported = ['orderby', 'search', 'skip', 'format', 'apply', 'compute', 'deltatoken'];

/**
 * Reads the query options of OData. The `$` before a name is optional in Graph. Options that only Graph has are refused as
 * not simulated, unknown ones with a `$` as BadRequest. Other parameters are ignored.
 * Source: https://learn.microsoft.com/graph/query-parameters
 */
export function readOptions(query: URLSearchParams): Options {
  const given = new Map<string, string>();
  for (const [key, value] of query) {
    const name = key.replace(/^\$/, '').toLowerCase();
    if (notSupported.includes(name)) throw notSimulated(`the query option $${name}`);
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

/** The members in an answer: `$select` and `$expand`, where each expanded member has a shape of its own. */
export type Shape = { select: readonly string[] | undefined; expand: ReadonlyMap<string, Shape> };

export const plain: Shape = { select: undefined, expand: new Map() };

/**
 * Reads `$select` and `$expand`, nested as in `assignment($expand=target;$select=id)`. Refuses other options inside an
 * expand as not simulated. Source: OData 4.01 URL conventions, 5.1.3 and 5.1.4.
 */
export function parseShape(select: string | undefined, expand: string | undefined): Shape {
  const expanded = new Map<string, Shape>();
  for (const item of expand === undefined ? [] : split(expand, ',')) {
    const [, name, inner] = /^\s*([\w.]+)\s*(?:\((.*)\))?\s*$/s.exec(item) ?? [];
    if (name === undefined) throw badQuery(`The expand '${item}' is not valid.`);
    expanded.set(name, inner === undefined ? plain : parseNested(inner));
  }
  const names = select?.split(',').map((name) => name.trim());
  return { select: names, expand: expanded };
}

function parseNested(options: string): Shape {
  const found = new Map<string, string>();
  for (const option of split(options, ';')) {
    const equals = option.indexOf('=');
    const name = option.slice(0, equals).trim();
    if (name !== '$select' && name !== '$expand') {
      throw notSimulated(`the option ${name} inside $expand`);
    }
    found.set(name, option.slice(equals + 1));
  }
  return parseShape(found.get('$select'), found.get('$expand'));
}

/** Splits at a separator that is outside all parentheses. */
function split(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (letter === separator && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  if (depth !== 0) throw badQuery('A parenthesis in $expand is not closed.');
  return [...parts, text.slice(start)];
}
