import fc from 'fast-check';
import type { RejectionReason } from '../../../../shared/domain/events/rejection';
import { setAt, setData, type Mutation, type Check } from '../mutation';

/** Long and odd enough to occur in no rule and no field of the contract. */
const canary = fc.string({
  unit: fc.constantFrom('g', 'j', 'k', 'q', 'v', 'w', 'x', 'z'),
  minLength: 12,
  maxLength: 24,
});

type Place = (value: string) => Omit<Mutation, 'planted'>;

const member =
  (
    path: Check,
    reason: RejectionReason,
    around: (value: string) => unknown,
    field: string = path,
  ): Place =>
  (value) => ({
    ...{ name: `a secret in ${path}`, touches: [path], onEvent: setAt(path, around(value)) },
    fault: { check: path, reason, field },
  });
const text =
  (reason: RejectionReason, write: (value: string) => string): Place =>
  (value) => ({
    ...{ name: `a secret and ${reason}`, touches: ['text'], fault: { check: 'json', reason } },
    onText: (json) => `{${write(value)},${json.trim().slice(1)}`,
  });
/** In members that are not stored, of a message that is rejected for another reason. */
const dropped: Place = (value) => ({
  ...{
    name: 'a secret in unknown members',
    touches: ['data.startDate', 'data.attributes', '+'],
  },
  fault: { check: 'data.startDate', reason: 'invalid-date', field: 'data.startDate' },
  onEvent: (sent) =>
    setData('startDate', '')({ ...setData('attributes', { note: value })(sent), mail: value }),
});

const places: Place[] = [
  member('id', 'invalid-id', (value) => `${value}!`),
  member('subject', 'invalid-id', (value) => `${value}/x`),
  member('replayreason', 'invalid-id', (value) => `${value} x`),
  member('data.workerId', 'invalid-id', (value) => `${value}@example.org`),
  member('specversion', 'unsupported-version', (value) => value),
  member('type', 'unsupported-type', (value) => value),
  member('source', 'invalid-source', (value) => value),
  member('time', 'invalid-time', (value) => value),
  member('datacontenttype', 'invalid-datacontenttype', (value) => value.repeat(30)),
  member('data.startDate', 'invalid-date', (value) => value),
  member('data.timeZone', 'invalid-time-zone', (value) => value),
  member('data.sequence', 'wrong-type', (value) => value),
  member('data.attributes', 'wrong-type', (value) => ({ [value]: 5 }), 'data.attributes.*'),
  member(
    'data.attributes',
    'invalid-attributes',
    (value) => ({ [value.repeat(9)]: 'x' }),
    'data.attributes.*',
  ),
  member(
    'data.attributes',
    'invalid-attributes',
    (value) => ({ a: value.repeat(30) }),
    'data.attributes.*',
  ),
  text('duplicate-key', (value) => `"${value}":1,"${value}":2`),
  text('forbidden-key', (value) => `"${value}":{"__proto__":"${value}"}`),
  text('lone-surrogate', (value) => `"${value}":"${value}\\ud800"`),
  text('too-deep', (value) => `"x":${`{"${value}":`.repeat(9)}1${'}'.repeat(9)}`),
  text('not-json', (value) => `"${value}" "${value}"`),
  dropped,
];

/** A secret in a message that is rejected: no answer may repeat any of it. */
export const secret: fc.Arbitrary<Mutation> = fc
  .tuple(fc.constantFrom(...places), canary)
  .map(([place, planted]) => ({ ...place(planted), planted }));
