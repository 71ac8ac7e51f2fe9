import { broken, joined, type Sent } from '../events';
import type { Canary } from '../invariants/secrets';
import { modelOf, workerId } from '../model';
import { seeded } from '../seeded';

const DEPARTMENTS = 8;

/** Each department gets a package of its own and one that two departments share; two catalogs hold them. */
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

/** Planted in every event: an attribute that no rule reads, and a member that nobody knows. */
export const canaries: readonly Canary[] = [
  { text: 'canary-attribute-7f3a', belongs: [] },
  { text: 'canary-member-7f3a', belongs: [] },
];

/** The messages of a run: most say something new, some twice the same, some another thing of one person, some nothing. */
export function crowdOf(events: number, seed: number): { sent: Sent[]; messages: Sent[] } {
  const chance = seeded(seed ^ 0x5eed);
  const sent: Sent[] = [];
  const messages: Sent[] = [];
  for (let n = 0; n < events; n += 1) {
    const isSecond = n > 0 && chance.next() < 0.03;
    const person = isSecond ? n - 1 : n;
    const event = joined({
      id: `event-${n}`,
      workerId: workerId(person),
      attributes: {
        department: department(person % DEPARTMENTS),
        nickname: 'canary-attribute-7f3a',
      },
      extra: { unknownmember: 'canary-member-7f3a' },
    });
    sent.push(event);
    messages.push(event);
    if (chance.next() < 0.05) messages.push(event);
    if (chance.next() < 0.01) {
      const half = broken(event);
      sent.push(half);
      messages.push(half);
    }
  }
  return { sent, messages };
}
