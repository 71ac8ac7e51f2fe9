import fc from 'fast-check';
import type { RejectionReason } from '../../../../shared/domain/events/rejection';
import { setData, type Mutation, type Stage } from '../sent';

const wrong = (path: Stage, reason: RejectionReason, value: unknown, field?: string): Mutation => ({
  name: `${path} = ${JSON.stringify(value).slice(0, 60)}`,
  touches: [path],
  fault: { stage: path, reason, field: field ?? path },
  onEvent: setData(path.slice('data.'.length), value),
});
const sequence = fc
  .oneof(
    fc.constantFrom(-1, 1.5, 1e-7, 1e21, 2 ** 53, -9007199254740991, 0.1),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((value) => !Number.isSafeInteger(value) || value < 0),
  )
  .map((value) => wrong('data.sequence', 'invalid-sequence', value));
const PLACE = 987654321.125;
/** Numbers that JSON.stringify would not write. */
const written = fc
  .constantFrom('-0', '-0.0', '-1e-400', '1e999', '-1e999', '9007199254740993')
  .map((number): Mutation => ({
    ...wrong('data.sequence', 'invalid-sequence', PLACE),
    name: `data.sequence = ${number}`,
    onText: (text) => text.replace(String(PLACE), number),
  }));

const name = (length: number): string => 'n'.repeat(length);
const bounded = (value: Record<string, string>, field = 'data.attributes.*') =>
  wrong('data.attributes', 'invalid-attributes', value, field);
const many = (count: number, value = 'x'): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, value]));
const attributes = fc.oneof(
  fc.constantFrom(
    bounded({ '': 'x' }),
    bounded({ [name(65)]: 'x' }),
    bounded({ ['😀'.repeat(65)]: 'x' }),
  ),
  fc.constantFrom(257, 258, 10_000, 40_000).map((length) => bounded({ a: name(length) })),
  fc.constantFrom(bounded({ a: '😀'.repeat(257) }), bounded({ ok: 'x', a: `${'é'.repeat(256)}!` })),
  fc
    .constantFrom(21, 32)
    .map((count) => bounded(many(count, '\u0000'.repeat(256)), 'data.attributes')),
  fc.constantFrom(33, 34, 2000).map((count) => bounded(many(count), 'data.attributes')),
);

/** Numbers and attributes that are none, or too many. */
export const invalidAmount = fc.oneof(sequence, written, attributes);
