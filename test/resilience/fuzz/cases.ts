import fc from 'fast-check';
import { CHECKS, type Case, type Expected, type Mutation, type Valid } from './mutation';
import { harmless } from './mutations/harmless';
import { envelope, invalidId, missing, wrongType } from './mutations/members';
import { secret } from './mutations/secrets';
import { byteFault, textFault } from './mutations/text';
import { invalidAmount, invalidDate } from './mutations/values';
import { damaged, heavy, otherContents } from './open-cases';
import { anyValidEvent, validEvent } from './valid-event';

const MAX_BYTES = 65_536;

const families: Record<string, fc.Arbitrary<Mutation>> = {
  bytes: byteFault,
  'JSON text': textFault,
  envelope,
  'missing member': missing,
  'wrong type': wrongType,
  id: invalidId,
  'dates and times': invalidDate,
  'sequence and attributes': invalidAmount,
  secret,
  harmless,
};
const anyMutation = fc.oneof(...Object.values(families));

/** One arbitrary per family of invalid input: a valid event with one mutation of the family, and sometimes one of another. */
const mutated = Object.entries(families).map(([family, mutation]) =>
  fc
    .tuple(validEvent, mutation, fc.option(anyMutation, { nil: undefined, freq: 3 }))
    .map(([valid, one, other]) =>
      caseOf(family, valid, other && areIndependent(one, other) ? [one, other] : [one]),
    ),
);

/** Of every type: changes that know no member of a joiner. */
const anyType = Object.entries({ bytes: byteFault, 'JSON text': textFault, harmless }).map(
  ([family, mutation]) =>
    fc.tuple(anyValidEvent, mutation).map(([valid, one]) => caseOf(family, valid, [one])),
);

/** Any body of the fuzz test. */
export const anyCase: fc.Arbitrary<Case> = fc.oneof(
  { weight: 2, arbitrary: validEvent.map((valid) => caseOf('valid', valid, [])) },
  { weight: 2, arbitrary: anyValidEvent.map((valid) => caseOf('valid', valid, [])) },
  ...mutated.map((arbitrary) => ({ weight: 2, arbitrary })),
  ...anyType.map((arbitrary) => ({ weight: 1, arbitrary })),
  { weight: 3, arbitrary: damaged },
  { weight: 3, arbitrary: otherContents },
  { weight: 1, arbitrary: heavy },
);

/** Whether two mutations touch different members. */
const areIndependent = (one: Mutation, other: Mutation): boolean =>
  !one.touches.some((path) => other.touches.some((touched) => overlap(path, touched)));
const overlap = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);

export function caseOf(family: string, { sent, event }: Valid, mutations: Mutation[]): Case {
  const changed = mutations.reduce((value, { onEvent }) => onEvent?.(value) ?? value, sent);
  // Changes that break the text come last: the others must still be able to read it.
  const inOrder = mutations.toSorted((one, other) => rankOf(other) - rankOf(one));
  const text = inOrder.reduce(
    (value, { onText }) => onText?.(value) ?? value,
    JSON.stringify(changed),
  );
  const body = mutations.reduce<Uint8Array>(
    (value, { onBytes }) => onBytes?.(value) ?? value,
    Buffer.from(text),
  );
  return {
    ...{ family, body, changes: mutations.map(({ name }) => name) },
    expected: expectedOf(mutations, body, sent, event),
    planted: mutations.flatMap(({ planted }) => planted ?? []),
  };
}

/** The place of the mutation's fault in the order of the checks; harmless ones come last. */
const rankOf = ({ fault }: Mutation): number =>
  fault === undefined ? CHECKS.length : CHECKS.indexOf(fault.check);

function expectedOf(
  mutations: Mutation[],
  body: Uint8Array,
  sent: Valid['sent'],
  event: Valid['event'],
): Expected {
  if (body.length > MAX_BYTES) return { kind: 'rejected', reason: 'too-large' };
  const [first] = mutations.toSorted((one, other) => rankOf(one) - rankOf(other));
  if (first?.fault === undefined) return { kind: 'accepted', event };
  const { check, ...fault } = first.fault;
  const isReadable = CHECKS.indexOf(check) > CHECKS.indexOf('not-an-object');
  const touched = mutations.flatMap(({ touches }) => touches);
  const hasIdentity = isReadable && !touched.includes('id') && !touched.includes('source');
  return { kind: 'rejected', ...fault, ...(hasIdentity && { identified: String(sent['id']) }) };
}
