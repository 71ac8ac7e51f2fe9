import * as fc from 'fast-check';
import { AccessModel } from '../../../shared/domain/access-model/access-model';
import { firstEffectOf } from '../../../shared/domain/lifecycle/ending';
import type { Content, Fact, Revision } from '../../../shared/domain/lifecycle/facts';
import type { Held } from '../../../shared/domain/lifecycle/held';
import { planFor, type Step } from '../../../shared/domain/lifecycle/planner';
import { timelineOf } from '../../../shared/domain/lifecycle/timeline';
import { intervalsOf, wantsAt } from '../../../shared/domain/lifecycle/wants';

const DAY = 86_400_000;
const START = Date.parse('2026-03-01T00:00:00Z');
const RUNS = { numRuns: 10_000 };
const PAIRS = [
  ['alpha', 'beta'],
  ['gamma', 'delta'],
] as const;

const accessPackage = (key: string, more: object) => ({
  key,
  catalog: 'all',
  displayName: key,
  description: key,
  resources: [
    { originSystem: 'AadGroup', originId: '10000000-0000-4000-8000-000000000001', role: 'Member' },
  ],
  ...more,
});
const policy = (expiration: object) => ({
  displayName: 'Birthright',
  description: 'While the worker stays.',
  expiration,
  approval: { required: false },
});
const forever = { policy: policy({ type: 'noExpiration' }) };
const rule = (attribute: string, equals: string, packages: string[]) => ({
  id: `${attribute}-${equals}`,
  description: equals,
  when: { attribute, equals },
  packages,
});

/** Four packages in two incompatible pairs and one that goes with neither, with overlaps and policies of each kind. */
const models = fc
  .record({
    leadDays: fc.constantFrom(0, 7),
    bridgeDays: fc.constantFrom(0, 3),
    overlapDays: fc.constantFrom(0, 5),
    renew: fc.boolean(),
    duration: fc.boolean(),
  })
  .map(({ leadDays, bridgeDays, overlapDays, renew, duration }) =>
    AccessModel.parse({
      version: 1,
      leadDays,
      bridgeDays,
      timeZones: { default: 'Etc/UTC', byLocation: { Apia: 'Pacific/Apia' } },
      catalogs: [{ key: 'all', displayName: 'All', description: 'All.' }],
      accessPackages: [
        accessPackage('alpha', { ...forever, overlapDays, incompatibleWith: ['beta'] }),
        accessPackage('beta', { ...forever, overlapDays }),
        accessPackage('gamma', { ...forever, incompatibleWith: ['delta'] }),
        accessPackage('delta', { ...forever, overlapDays }),
        accessPackage('omega', {
          policy: policy(
            duration
              ? { type: 'afterDuration', duration: 'P20D' }
              : { type: 'afterDateTime', endDateTime: '2026-04-05T00:00:00Z' },
          ),
          renew,
        }),
      ],
      birthrights: [
        rule('a', '1', ['alpha', 'omega']),
        rule('a', '2', ['beta']),
        rule('b', '1', ['gamma']),
        rule('b', '2', ['delta', 'omega']),
      ],
    }),
  );

const days = fc.integer({ min: 0, max: 60 });
const dayText = (day: number) => new Date(START + day * DAY).toISOString().slice(0, 10);
const attributes = fc.record(
  {
    a: fc.constantFrom('1', '2', '3'),
    b: fc.constantFrom('1', '2', '3'),
    location: fc.constantFrom('Apia', 'Oslo'),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, string>>;
const span = fc.tuple(
  days,
  fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
  attributes,
);
const dates = ([day, length]: [number, number | undefined, unknown]) => ({
  day: dayText(day),
  ...(length !== undefined && { end: dayText(day + length) }),
});

const contents: fc.Arbitrary<Content> = fc.oneof(
  span.map((one) => {
    const { day, end } = dates(one);
    return { kind: 'joined', startDate: day, endDate: end, attributes: one[2] } as const;
  }),
  span.map((one) => {
    const { day, end } = dates(one);
    return { kind: 'moved', effectiveDate: day, endDate: end, attributes: one[2] } as const;
  }),
  days.map((day) => ({ kind: 'left', lastDay: dayText(day) }) as const),
  days.map(
    (day) => ({ kind: 'left', endsAt: new Date(START + day * DAY + 1000).toISOString() }) as const,
  ),
  fc.array(fc.tuple(fc.constantFrom('E1', 'E2'), span), { maxLength: 3 }).map((spans) => ({
    kind: 'snapshot' as const,
    spans: spans.map(([employmentId, one]) => {
      const { day, end } = dates(one);
      return { employmentId, from: day, until: end, attributes: one[2] };
    }),
  })),
);
const refs = fc.integer({ min: 0, max: 5 }).map((i) => ({ source: 'urn:hr', id: `e${i}` }));
const revisions: fc.Arbitrary<Revision> = fc.oneof(
  fc.record({ kind: fc.constant('corrected' as const), revises: refs, content: contents }),
  fc.record({ kind: fc.constant('rescinded' as const), revises: refs }),
  days.map((day) => ({ kind: 'rescinded' as const, startDate: dayText(day) })),
);
const factSets: fc.Arbitrary<Fact[]> = fc
  .array(
    fc.record({
      states: fc.oneof({ weight: 3, arbitrary: contents }, { weight: 1, arbitrary: revisions }),
      time: fc.integer({ min: 0, max: 8 }),
      sequence: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
      employmentId: fc.constantFrom('E1', 'E2'),
      workerId: fc.constantFrom('W1', 'W1', 'W2'),
      source: fc.constantFrom('urn:hr', 'urn:hr', 'urn:other'),
    }),
    { maxLength: 6 },
  )
  .map((all) =>
    all.map((one, i) => ({
      ...one,
      id: `e${i}`,
      hash: `hash-${(i * 7) % 10}`,
      time: new Date(START - 30 * DAY + one.time * 1000).toISOString(),
    })),
  );
const heldSets: fc.Arbitrary<Held[]> = fc.uniqueArray(
  fc.record({
    packageKey: fc.constantFrom('alpha', 'beta', 'gamma', 'delta', 'omega', 'gone'),
    whose: fc.constantFrom('ours', 'ours', 'theirs', 'by-rule'),
    state: fc.constantFrom('held', 'held', 'adding', 'removing', 'broken'),
    until: fc.option(
      days.map((day) => START + day * DAY),
      { nil: undefined },
    ),
  }),
  { selector: ({ packageKey }) => packageKey, maxLength: 4 },
);
const instants = fc.integer({ min: -20, max: 90 }).map((day) => START + day * DAY);

const plan = (facts: Fact[], held: Held[], model: AccessModel, at: number) =>
  planFor({ timeline: timelineOf(facts, model), held, model, at });
const visible = ({ wants, steps }: ReturnType<typeof planFor>) => ({
  wants: wants.map(({ packageKey, ruleId, reason, until }) => ({
    packageKey,
    ruleId,
    reason,
    until,
  })),
  steps: steps.map(({ id, after }) => ({ id, after })),
});
const work = (steps: Step[]) => steps.filter(({ action }) => action !== 'wait');

/** What is held when the steps are done, as Entra would show it: a policy ends what it gives. */
function carriedOut(held: Held[], steps: Step[], model: AccessModel, at: number): Held[] {
  const after = new Map(held.map((one) => [one.packageKey, one]));
  for (const { action, packageKey, until } of steps) {
    if (action === 'revoke') after.delete(packageKey);
    if (action === 'wait' || action === 'revoke') continue;
    const expiration = model.accessPackages.find(({ key }) => key === packageKey)?.policy
      ?.expiration;
    const own =
      expiration?.type === 'afterDuration'
        ? at + 20 * DAY
        : expiration?.type === 'afterDateTime'
          ? Date.parse(expiration.endDateTime)
          : undefined;
    const ends = [until, own].filter((end) => end !== undefined);
    const end = ends.length === 0 ? undefined : Math.min(...ends);
    after.set(packageKey, { packageKey, whose: 'ours', state: 'held', until: end });
  }
  return [...after.values()];
}

it('the order of the facts never matters', () => {
  fc.assert(
    fc.property(
      factSets.chain((facts) =>
        fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })),
      ),
      heldSets,
      models,
      instants,
      ([facts, shuffled], held, model, at) => {
        const fatesOf = (set: Fact[]) =>
          [...timelineOf(set, model).fates].map(([{ hash }, fate]) => `${hash} ${fate}`).sort();
        expect(plan(shuffled, held, model, at)).toEqual(plan(facts, held, model, at));
        expect(fatesOf(shuffled)).toEqual(fatesOf(facts));
      },
    ),
    RUNS,
  );
});

it('only what is ours is revoked, and nothing of a person without facts', () => {
  fc.assert(
    fc.property(factSets, heldSets, models, instants, (facts, held, model, at) => {
      const ours = held.filter(({ whose }) => whose === 'ours').map(({ packageKey }) => packageKey);
      const revoked = plan(facts, held, model, at).steps.filter(
        ({ action }) => action === 'revoke',
      );
      for (const { packageKey } of revoked) expect(ours).toContain(packageKey);
      if (facts.length === 0) expect(revoked).toEqual([]);
    }),
    RUNS,
  );
});

it('a plan that is carried out leaves an empty plan', () => {
  fc.assert(
    fc.property(factSets, heldSets, models, instants, (facts, held, model, at) => {
      const { steps } = plan(facts, held, model, at);
      const then = plan(facts, carriedOut(held, steps, model, at), model, at);
      expect(work(then.steps)).toEqual([]);
    }),
    RUNS,
  );
});

it('an incompatible pair is never held together, from the first fact to the last wake-up', () => {
  fc.assert(
    fc.property(factSets, models, instants, (facts, model, from) => {
      let held: Held[] = [];
      let at: number | undefined = from;
      for (let wake = 0; at !== undefined && wake < 50; wake += 1) {
        const now: number = at;
        const { steps, next } = plan(facts, held, model, now);
        const order = new Map(steps.map(({ id }, i) => [id, i]));
        for (const { id, after } of steps) {
          for (const earlier of after) expect(order.get(earlier)).toBeLessThan(order.get(id) ?? -1);
        }
        for (const step of steps) {
          held = carriedOut(held, [step], model, now);
          const current = held.filter(({ until }) => until === undefined || until > now);
          const keys = new Set(current.map(({ packageKey }) => packageKey));
          for (const [one, other] of PAIRS) expect(keys.has(one) && keys.has(other)).toBe(false);
        }
        if (next !== undefined) expect(next).toBeGreaterThan(now);
        at = next;
      }
    }),
    RUNS,
  );
});

it('next is the first instant at which the plan changes', () => {
  fc.assert(
    fc.property(
      ...([
        factSets,
        heldSets,
        models,
        instants,
        fc.double({ min: 0, max: 1, noNaN: true }),
      ] as const),
      (facts, held, model, at, share) => {
        const now = plan(facts, held, model, at);
        const later = now.next ?? at + 400 * DAY;
        const between = Math.min(later - 1, Math.round(at + (later - at) * share));
        expect(visible(plan(facts, held, model, between))).toEqual(visible(now));
        if (now.next === undefined) return;
        const wanted = new Set(now.wants.map(({ packageKey }) => packageKey));
        const ends = held.some(
          ({ packageKey, until }) => until === now.next && wanted.has(packageKey),
        );
        if (!ends)
          expect(plan(facts, held, model, now.next)).not.toMatchObject({
            steps: now.steps,
            wants: now.wants,
          });
      },
    ),
    RUNS,
  );
});

it('the first effect of a fact is a later change of what is wanted, the same in any order, and moves with no clock', () => {
  fc.assert(
    fc.property(
      factSets.chain((facts) =>
        fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })),
      ),
      models,
      instants,
      ([facts, shuffled], model, at) => {
        const intervals = intervalsOf(timelineOf(facts, model), model);
        const keysAt = (instant: number) =>
          wantsAt(intervals, model, instant).map(({ packageKey }) => packageKey);
        for (const { hash } of facts) {
          const effect = firstEffectOf(facts, hash, model, at);
          expect(firstEffectOf(shuffled, hash, model, at)).toEqual(effect);
          if (effect === undefined) continue;
          expect(effect.at).toBeGreaterThan(at);
          const isBeginning = intervals.some(
            ({ from, facts: behind }) =>
              from === effect.at && behind.some((fact) => fact.hash === hash),
          );
          if (!isBeginning) expect(keysAt(effect.at - 1)).not.toEqual(keysAt(effect.at));
        }
      },
    ),
    RUNS,
  );
});
