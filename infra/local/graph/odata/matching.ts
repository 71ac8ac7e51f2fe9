import { invalidFilter, notSimulated, unrecognizedGuid, unsupportedQuery } from '../errors';
import type { Call } from '../http/call';
import { isGuid } from './check-body';
import type { Entity, Listing } from './entities';
import type { Comparison } from './filter';
import { membersOf, type EntityModel } from './model';
import type { Options } from './options';

/** Holds a comparison to what the collection can be filtered by; ids come out in lower case, states by their name. */
export function checked<Row>(
  model: EntityModel,
  { type }: Entity<Row>,
  { filterable }: Listing<Row>,
  comparison: Comparison,
): Comparison {
  const { path, operator, value, quoted } = comparison;
  const member = Object.hasOwn(filterable, path) ? filterable[path] : undefined;
  if (member === undefined) {
    const [first = ''] = path.split('/');
    if (Object.hasOwn(membersOf(model, type), first)) throw notSimulated(`a filter on ${path}`);
    throw invalidFilter(`could not find a property named '${path}'`);
  }
  if (operator !== 'eq' && member.also?.includes(operator) !== true) {
    throw notSimulated(`the filter operator ${operator} on ${path}`);
  }
  if (member.is === 'guid') {
    if (!isGuid(value)) throw unrecognizedGuid(value);
    return { ...comparison, value: value.toLowerCase() };
  }
  if (member.is === 'text') {
    if (!quoted && value !== 'null')
      throw invalidFilter(`'${path}' is compared with a value that is not text`);
    return comparison;
  }
  const name = member.is.find((known) => known.toLowerCase() === value.toLowerCase());
  if (name === undefined) throw invalidFilter(`'${value}' is not a value of '${path}'`);
  return { ...comparison, value: name };
}

export function matches<Row>(
  { filterable }: Listing<Row>,
  comparisons: Comparison[],
  row: Row,
): boolean {
  return comparisons.every(({ path, operator, value, quoted }) => {
    const actual = filterable[path]?.value(row);
    if (operator === 'startsWith') {
      return actual?.toLowerCase().startsWith(value.toLowerCase()) === true;
    }
    const wanted = value === 'null' && !quoted ? null : value;
    return (actual === wanted) === (operator === 'eq');
  });
}

/**
 * Counting and `ne` are advanced queries of the directory: without the header and the count they are refused.
 * docs: https://learn.microsoft.com/graph/aad-advanced-queries
 */
export function requireConsistency<Row>(
  { advanced }: Listing<Row>,
  { count, filter }: Options,
  { headers }: Call,
): void {
  const unequal = filter.some(({ operator }) => operator === 'ne');
  if (!count && !unequal) return;
  if (advanced !== true) throw notSimulated('counting this collection');
  const consistent = headers['consistencylevel']?.toString().toLowerCase() === 'eventual';
  if (!consistent || !count) {
    throw unsupportedQuery('It needs the header ConsistencyLevel: eventual and $count=true.');
  }
}
