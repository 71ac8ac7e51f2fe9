import * as fc from 'fast-check';
import type { AccessModel } from '../../../shared/domain/access-model/access-model';
import { firstEffectOf } from '../../../shared/domain/lifecycle/ending';
import type { Fact } from '../../../shared/domain/lifecycle/facts';
import type { Held } from '../../../shared/domain/lifecycle/held';
import { planFor, type Step } from '../../../shared/domain/lifecycle/planner';
import { timelineOf } from '../../../shared/domain/lifecycle/timeline';
import { intervalsOf, wantsAt } from '../../../shared/domain/lifecycle/wants';
import {
  carriedOut,
  DAY,
  factSets,
  heldSets,
  instants,
  models,
  PAIRS,
  RUNS,
} from './random-people';

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
