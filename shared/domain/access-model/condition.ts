import { z } from 'zod';
import type { Attributes } from '../events/event';

const FORMS =
  'exactly one of {attribute, equals}, {attribute, in: [...]}, {all: [...]}, {any: [...]}, {not: {...}}';

const attribute = z.string().min(1).max(64);
const value = z.string().max(256);

const Equals = z.strictObject({ attribute, equals: value });
const In = z.strictObject({ attribute, in: z.array(value).min(1) });

export type Condition =
  | z.infer<typeof Equals>
  | z.infer<typeof In>
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };

/** A condition on the attributes of a worker. Comparison is exact: case, spaces and accents count. */
export const Condition: z.ZodType<Condition> = z
  .union(
    [
      Equals,
      In,
      z.strictObject({ all: z.array(z.lazy(() => Condition)).min(1) }),
      z.strictObject({ any: z.array(z.lazy(() => Condition)).min(1) }),
      z.strictObject({ not: z.lazy(() => Condition) }),
    ],
    { error: FORMS },
  )
  .meta({ id: 'Condition' });

/** Whether the attributes meet the condition. An absent attribute equals no value. */
export function matches(condition: Condition, attributes: Attributes): boolean {
  if ('all' in condition) return condition.all.every((inner) => matches(inner, attributes));
  if ('any' in condition) return condition.any.some((inner) => matches(inner, attributes));
  if ('not' in condition) return !matches(condition.not, attributes);
  const name = condition.attribute;
  const actual = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  return actual !== undefined && valuesOf(condition).includes(actual);
}

/** Every comparison in the condition, at any depth. */
export function comparisons(condition: Condition): { attribute: string; values: string[] }[] {
  if ('all' in condition) return condition.all.flatMap(comparisons);
  if ('any' in condition) return condition.any.flatMap(comparisons);
  if ('not' in condition) return comparisons(condition.not);
  return [{ attribute: condition.attribute, values: valuesOf(condition) }];
}

const valuesOf = (condition: z.infer<typeof Equals> | z.infer<typeof In>): string[] =>
  'equals' in condition ? [condition.equals] : condition.in;
