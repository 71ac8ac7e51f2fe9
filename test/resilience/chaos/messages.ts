import { joinerMessage, truncatedMessage, type TestMessage } from '../../support/events';
import { seeded } from '../../support/seeded';
import type { Canary } from '../invariants/violations';
import { modelOf, workerId } from '../model';

const DEPARTMENTS = 8;

/** Each department has its own package and one that two departments share; two catalogs hold them. */
export function chaosModel(): object {
  const numbers = Array.from({ length: DEPARTMENTS }, (_, n) => n);
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
      packages: [`own-${n}`, `shared-${n - (n % 2)}`],
    })),
  );
}

const department = (n: number): string => `Department ${n}`;

/** Planted in every event: an attribute that no rule reads, and a member that the contract does not have. */
export const canaries: readonly Canary[] = [
  { text: 'canary-attribute-7f3a', belongs: [] },
  { text: 'canary-member-7f3a', belongs: [] },
];

/** The messages of a run: mostly new events, with some duplicates, second events of one person, and truncated bodies. */
export function messagesOf(
  events: number,
  seed: number,
): { sent: TestMessage[]; messages: TestMessage[] } {
  const random = seeded(seed ^ 0x5eed);
  const sent: TestMessage[] = [];
  const messages: TestMessage[] = [];
  for (let n = 0; n < events; n += 1) {
    const isSecond = n > 0 && random.next() < 0.03;
    const person = isSecond ? n - 1 : n;
    const attributes = {
      department: department(person % DEPARTMENTS),
      nickname: 'canary-attribute-7f3a',
    };
    const event = joinerMessage(workerId(person), attributes, {
      id: `event-${n}`,
      envelope: { unknownmember: 'canary-member-7f3a' },
    });
    sent.push(event);
    messages.push(event);
    if (random.next() < 0.05) messages.push(event);
    if (random.next() < 0.01) {
      const half = truncatedMessage(event);
      sent.push(half);
      messages.push(half);
    }
  }
  return { sent, messages };
}
