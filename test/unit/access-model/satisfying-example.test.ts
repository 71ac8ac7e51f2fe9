import fc from 'fast-check';
import { matches, type Condition } from '../../../shared/domain/access-model/condition';
import { satisfyingExample } from '../../../shared/domain/access-model/condition';

const attribute = fc.constantFrom('a', 'b', 'c');
const value = fc.constantFrom('1', '2', '3');
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.record({ attribute, equals: value }),
    fc.record({ attribute, in: fc.array(value, { minLength: 1, maxLength: 3 }) }),
    fc.record({ all: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('condition') }),
  ),
}));
const everybody = ['1', '2', '3', undefined].flatMap((a) =>
  ['1', '2', '3', undefined].flatMap((b) =>
    ['1', '2', '3', undefined].map((c) => ({ ...(a && { a }), ...(b && { b }), ...(c && { c }) })),
  ),
);

test('an example satisfies the conditions, and none means that no worker does', () => {
  fc.assert(
    fc.property(fc.array(condition, { minLength: 1, maxLength: 3 }), (conditions) => {
      const example = satisfyingExample(conditions);
      const holdsFor = (who: Record<string, string>) =>
        conditions.every((one) => matches(one, who));
      if (typeof example === 'string') expect(everybody.some(holdsFor)).toBe(example !== 'none');
      else expect(holdsFor(example)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('the search gives up within a bound on rules too tangled to decide', () => {
  const tangled = Array.from({ length: 40 }, (_, index) => ({
    any: [
      {
        all: [
          { attribute: `x${index}`, equals: '1' },
          { attribute: 'y', equals: String(index) },
        ],
      },
      {
        all: [
          { attribute: `x${index}`, equals: '2' },
          { attribute: 'z', equals: String(index) },
        ],
      },
      {
        all: [
          { attribute: `x${index}`, equals: '3' },
          { attribute: 'w', equals: String(index) },
        ],
      },
    ],
  }));
  expect(['none', 'undecided']).toContain(satisfyingExample(tangled));
});
