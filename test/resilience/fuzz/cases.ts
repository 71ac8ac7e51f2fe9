import fc from 'fast-check';
import { damaged } from './damaged';
import { heavy } from './heavy';
import { byteFault } from './mutations/bytes';
import { secret } from './mutations/canary';
import { invalidAmount } from './mutations/amounts';
import { invalidDate } from './mutations/dates';
import { harmless } from './mutations/harmless';
import { textFault } from './mutations/json-text';
import { envelope, invalidId, missing, wrongType } from './mutations/members';
import { STAGES, type Case, type Expected, type Mutation, type Valid } from './sent';
import { validEvent } from './valid-event';

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

/** One arbitrary per family of bad input: a valid event with one mutation of the family, and maybe one more of any. */
const mutated = Object.entries(families).map(([family, mutation]) =>
  fc
    .tuple(validEvent, mutation, fc.option(anyMutation, { nil: undefined, freq: 3 }))
    .map(([valid, one, other]) =>
      caseOf(family, valid, other && agree(one, other) ? [one, other] : [one]),
    ),
);

/** Any body that the fuzz tries. */
export const anyCase: fc.Arbitrary<Case> = fc.oneof(
  { weight: 2, arbitrary: validEvent.map((valid) => caseOf('valid', valid, [])) },
  ...mutated.map((arbitrary) => ({ weight: 2, arbitrary })),
  { weight: 3, arbitrary: damaged },
  { weight: 1, arbitrary: heavy },
);

/** Whether two mutations leave each other's members alone. */
const agree = (one: Mutation, other: Mutation): boolean =>
  !one.touches.some((path) => other.touches.some((touched) => overlap(path, touched)));
const overlap = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);

export function caseOf(family: string, { sent, event }: Valid, mutations: Mutation[]): Case {
  const changed = mutations.reduce((value, { onEvent }) => onEvent?.(value) ?? value, sent);
  // What breaks the text comes last: the other changes still have to read it.
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

/** Where the mutation's fault stands in the order in which faults are told; harmless ones come last. */
const rankOf = ({ fault }: Mutation): number =>
  fault === undefined ? STAGES.length : STAGES.indexOf(fault.stage);

function expectedOf(
  mutations: Mutation[],
  body: Uint8Array,
  sent: Valid['sent'],
  event: Valid['event'],
): Expected {
  if (body.length > MAX_BYTES) return { kind: 'rejected', reason: 'too-large' };
  const [first] = mutations.toSorted((one, other) => rankOf(one) - rankOf(other));
  if (first?.fault === undefined) return { kind: 'accepted', event };
  const { stage, ...fault } = first.fault;
  const isReadable = STAGES.indexOf(stage) > STAGES.indexOf('not-an-object');
  const touched = mutations.flatMap(({ touches }) => touches);
  const hasIdentity = isReadable && !touched.includes('id') && !touched.includes('source');
  return { kind: 'rejected', ...fault, ...(hasIdentity && { identified: String(sent['id']) }) };
}
