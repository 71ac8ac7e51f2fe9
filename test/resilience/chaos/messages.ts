import {
  lifecycleEvent,
  messageOf,
  SOURCE,
  truncatedMessage,
  type TestMessage,
} from '../../support/events';
import { seeded, type Random } from '../../support/seeded';
import type { Canary } from '../invariants/violations';
import { modelOf, workerId } from '../model';

const DEPARTMENTS = 8;

/** Each department has its own package and one that two departments share; two catalogs hold them. */
export function chaosModel(): object {
  const numbers = numbersOf(DEPARTMENTS);
  const own = numbers.map((n) => ({
    key: `own-${n}`,
    catalog: `catalog-${n % 2}`,
    incompatibleWith: n === 0 ? [] : [`own-${n - 1}`],
  }));
  const shared = numbers
    .filter((n) => n % 2 === 0)
    .map((n) => ({ key: `shared-${n}`, catalog: `catalog-${n % 2}` }));
  return modelOf(
    [...own, ...shared],
    numbers.map((n) => ({
      id: `rule-${n}`,
      department: department(n),
      packages: packagesOf(n),
    })),
  );
}

const department = (n: number): string => `Department ${n}`;

/** Planted in every event: an attribute that no rule reads, and a member that the contract does not have. */
export const canaries: readonly Canary[] = [
  { text: 'canary-attribute-7f3a', belongs: [] },
  { text: 'canary-member-7f3a', belongs: [] },
];

type Statement = [type: string, data: Record<string, unknown>];

/** What HR states of somebody in departments `one` and `other`, in the order of its times, and the department in the end. */
type Story = (
  one: number,
  other: number,
  idOf: (n: number) => string,
) => { statements: Statement[]; department?: number };

const attributesOf = (n: number) => ({
  department: department(n),
  nickname: 'canary-attribute-7f3a',
});
const joined = (n: number, startDate = '2025-03-03'): Statement => [
  'joined',
  { startDate, attributes: attributesOf(n) },
];
const moved = (n: number): Statement => [
  'moved',
  { effectiveDate: '2025-05-05', attributes: attributesOf(n) },
];
const left: Statement = ['left', { lastDay: '2025-07-31' }];
const snapshot = (n: number): Statement => [
  'snapshot',
  { spans: [{ employmentId: 'primary', from: '2025-03-03', attributes: attributesOf(n) }] },
];

/** In the past, so that everything is to be done at once. */
const stories: readonly Story[] = [
  (one) => ({ statements: [joined(one)], department: one }),
  (one) => ({ statements: [joined(one), joined(one)], department: one }),
  (one, other) => ({ statements: [joined(one), moved(other)], department: other }),
  (one) => ({ statements: [joined(one), left] }),
  (one, other, idOf) => {
    const [, data] = joined(other);
    const correction: Statement = ['corrected', { ...data, revises: revises(idOf(0)) }];
    return { statements: [joined(one), correction], department: other };
  },
  (one, _, idOf) => ({
    statements: [joined(one), ['rescinded', { revises: revises(idOf(0)) }]],
  }),
  (one) => ({ statements: [snapshot(one)], department: one }),
  (one, other) => ({ statements: [joined(one), snapshot(other)], department: other }),
  (one, other) => ({
    statements: [joined(one), left, joined(other, '2025-09-01')],
    department: other,
  }),
  (one, other) => ({ statements: [joined(one), moved(other), left] }),
];

const revises = (id: string) => ({ source: SOURCE, id });

/** What the rules give in a department. */
const packagesOf = (n: number): string[] => [`own-${n}`, `shared-${n - (n % 2)}`];

export type ChaosMessages = {
  sent: TestMessage[];
  messages: TestMessage[];
  /** By worker id, the packages of everybody in the end. */
  ends: Map<string, string[]>;
};

/**
 * The messages of a run: what HR states of as many people as make that many events, with some duplicates and truncated
 * bodies, and not always in the order of the times.
 */
export function messagesOf(events: number, seed: number): ChaosMessages {
  const random = seeded(seed ^ 0x5eed);
  const ends: ChaosMessages['ends'] = new Map();
  const accepted: TestMessage[] = [];
  for (let person = 0, deck: Story[] = []; accepted.length < events; person += 1) {
    const worker = workerId(person);
    const idOf = (n: number): string => `${worker}-${n}`;
    const [one = 0, other = 0] = random.shuffle(numbersOf(DEPARTMENTS));
    if (deck.length === 0) deck = random.shuffle(stories);
    const story = deck.pop()?.(one, other, idOf) ?? { statements: [] };
    // The last person joins as often as there is room for.
    const isCut = accepted.length + story.statements.length > events;
    const { statements, department: last } = isCut
      ? { statements: numbersOf(events - accepted.length).map(() => joined(one)), department: one }
      : story;
    ends.set(worker, last === undefined ? [] : packagesOf(last));
    accepted.push(
      ...statements.map(([type, data], n) =>
        messageOf(
          lifecycleEvent(type, worker, data, {
            ...{ id: idOf(n), time: `2025-03-01T09:0${n}:00Z` },
            envelope: { unknownmember: 'canary-member-7f3a' },
          }),
        ),
      ),
    );
  }
  const halves: TestMessage[] = [];
  const messages = accepted.flatMap((event): TestMessage[] => {
    const again = random.next() < 0.05 ? [event] : [];
    const half = random.next() < 0.01 ? [truncatedMessage(event)] : [];
    halves.push(...half);
    return [event, ...again, ...half];
  });
  return { sent: [...accepted, ...halves], messages: nearlyInOrder(messages, random), ends };
}

const numbersOf = (size: number): number[] => Array.from({ length: size }, (_, n) => n);

/** Moves each message by up to three places. */
const nearlyInOrder = (messages: TestMessage[], random: Random): TestMessage[] =>
  messages
    .map((one, at) => ({ one, place: at + random.between(0, 3) }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ one }) => one);
