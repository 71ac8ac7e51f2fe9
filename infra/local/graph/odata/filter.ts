import { invalidFilter, notSimulated } from '../errors';

export type Operator = 'eq' | 'ne' | 'gt' | 'ge' | 'in' | 'startsWith';

/**
 * One comparison of a filter, such as `accessPackage/id eq '…'`. A word without quotes is not text. `values`: the texts of
 * `in`, which has no `value`.
 */
export type Comparison = {
  path: string;
  operator: Operator;
  value: string;
  quoted: boolean;
  values?: readonly string[];
};

const token = /\s*(?:(\()|(\))|'((?:[^']|'')*)'|([^\s()']+))/y;
const comparing = ['eq', 'ne', 'gt', 'ge'] as const;
const unsupported = new Set(['or', 'not', 'lt', 'le', 'has']);

/**
 * Reads a `$filter` of comparisons joined by `and`, with parentheses: `eq`, for instants also `gt` and `ge`, and in the
 * directory also `ne`, `in` and `startsWith`, as the documentation shows. Other OData is refused as not simulated, anything else as InvalidFilter.
 * Source: OData 4.01 URL conventions, 5.1.1.
 */
export function parseFilter(text: string): Comparison[] {
  const words = tokens(text);
  let at = 0;
  const next = (): Token | undefined => words[at++];

  const expression = (): Comparison[] => {
    const found = term();
    while (words[at]?.text === 'and') {
      at += 1;
      found.push(...term());
    }
    return found;
  };
  const term = (): Comparison[] => {
    const first = next();
    if (first?.kind === 'open') {
      const inner = expression();
      if (next()?.kind !== 'close') throw invalidFilter('a parenthesis is not closed');
      return inner;
    }
    if (first?.kind !== 'word') throw invalidFilter('a property is expected');
    if (first.text === 'not') throw notSimulated('the filter operator not');
    if (words[at]?.kind === 'open') return [call(first.text, words.slice(at + 1, (at += 4)))];
    if (words[at]?.text === 'in' && words[at]?.kind === 'word') {
      at += 1;
      return [membership(first.text)];
    }
    return [comparison(first.text, next(), next())];
  };
  /** Reads `employeeId in ('a','b')` from what follows `in`. */
  const membership = (path: string): Comparison => {
    const values: string[] = [];
    if (next()?.kind !== 'open') throw invalidFilter('in needs its values in parentheses');
    for (;;) {
      const value = next();
      if (value?.kind !== 'text') throw invalidFilter('in needs texts, separated by commas');
      values.push(value.text);
      const after = next();
      if (after?.kind === 'close') break;
      if (after?.text !== ',') throw invalidFilter('in needs texts, separated by commas');
    }
    return { path, operator: 'in', value: '', quoted: true, values };
  };

  const all = expression();
  const rest = words[at];
  if (rest !== undefined && unsupported.has(rest.text)) {
    throw notSimulated(`the filter operator ${rest.text}`);
  }
  if (rest !== undefined) throw invalidFilter(`'${rest.text}' is not expected`);
  return all;
}

function comparison(
  path: string,
  operator: Token | undefined,
  value: Token | undefined,
): Comparison {
  if (operator !== undefined && unsupported.has(operator.text)) {
    throw notSimulated(`the filter operator ${operator.text}`);
  }
  const name = comparing.find((known) => known === operator?.text);
  if (name === undefined) throw invalidFilter('an operator is expected after a property');
  if (value?.kind !== 'word' && value?.kind !== 'text') throw invalidFilter('a value is expected');
  return { path, operator: name, value: value.text, quoted: value.kind === 'text' };
}

/** Reads `startsWith(displayName,'x')` from what follows the opening parenthesis. */
function call(name: string, [property, value, close]: Token[]): Comparison {
  if (name.toLowerCase() !== 'startswith') throw notSimulated(`the filter function ${name}`);
  const path = /^([\w/]+),$/.exec(property?.text ?? '')?.[1];
  if (path === undefined || value?.kind !== 'text' || close?.kind !== 'close') {
    throw invalidFilter('startsWith needs a property and a text');
  }
  return { path, operator: 'startsWith', value: value.text, quoted: true };
}

type Token = { kind: 'open' | 'close' | 'text' | 'word'; text: string };

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) throw invalidFilter('a quote is not closed');
    at = token.lastIndex;
    const [, open, close, quoted, word] = match as (string | undefined)[];
    if (open !== undefined) found.push({ kind: 'open', text: open });
    else if (close !== undefined) found.push({ kind: 'close', text: close });
    else if (quoted !== undefined) found.push({ kind: 'text', text: quoted.replaceAll("''", "'") });
    else if (word !== undefined) found.push({ kind: 'word', text: word });
  }
  return found;
}
