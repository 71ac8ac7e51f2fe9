import * as fc from 'fast-check';
import type { AccessModel } from '../../../shared/domain/access-model/access-model';
import type { Fact } from '../../../shared/domain/lifecycle/facts';
import { planFor } from '../../../shared/domain/lifecycle/planner';
import { timelineOf } from '../../../shared/domain/lifecycle/timeline';
import { comparePerson, type Actual } from '../../../shared/domain/reconcile/compare';
import { FindingKind, permitOf } from '../../../shared/domain/reconcile/findings';
import type { ScopeState } from '../../../shared/domain/reconcile/scope';
import { carriedOut, factSets, heldSets, instants, models, RUNS } from '../lifecycle/random-people';

const KEYS = ['alpha', 'beta', 'gamma', 'delta', 'omega', 'gone'];
/** Every kind that the model may repair. */
const REPAIR_ALL = Object.fromEntries(
  (['conflict', 'broken', 'taken', 'wrong-end', 'missing', 'extra-ours'] as const).map((kind) => [
    kind,
    'repair' as const,
  ]),
);
const FEWER_RUNS = { numRuns: 500 };
const allComplete = new Map(KEYS.map((key) => [key, 'complete' as const]));

/** What is held, with the requests behind it; a package can be held twice, under two policies. */
const actuals: fc.Arbitrary<Actual[]> = fc
  .tuple(
    heldSets,
    heldSets,
    fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 8, maxLength: 8 }),
  )
  .map(([first, second, days]) =>
    [...first, ...second.slice(0, 1)].map((one, i) => ({ ...one, days: days[i] ?? 1 })),
  )
  .map((all) => all.map(({ days, ...one }) => ({ ...one, requestId: `q-${days}` })));

const compare = (
  facts: Fact[],
  held: Actual[],
  model: AccessModel,
  at: number,
  scopes: ReadonlyMap<string, ScopeState> = allComplete,
  timeline = timelineOf(facts, model),
) =>
  comparePerson({
    workerId: 'W1',
    objectId: 'o-1',
    timeline,
    held,
    records: [],
    model: { ...model, reconcile: REPAIR_ALL },
    mode: 'enforce',
    at,
    scopes,
    deadlines: { delivery: 3 * 86_400, approval: 15 * 86_400 },
  });

it('what the findings grant, revoke, extend and reprocess are the steps of the plan, each once', () => {
  fc.assert(
    fc.property(factSets, actuals, models, instants, (facts, held, model, at) => {
      const recent = held.map((one) => ({ ...one, requestedAt: new Date(at).toISOString() }));
      const timeline = timelineOf(facts, model);
      const { differences } = compare(facts, recent, model, at, allComplete, timeline);
      const plan = planFor({ timeline, held, model, at });
      const steps = plan.steps.filter(({ action }) => action !== 'wait');
      const named = differences.filter(({ action }) => action !== undefined);
      expect(named.map(({ action, packageKey }) => `${action}:${packageKey}`).sort()).toEqual(
        steps.map(({ id }) => id).sort(),
      );
    }),
    RUNS,
  );
});

it('a person and a package have one finding, and what is not ours to change is only reported', () => {
  fc.assert(
    fc.property(factSets, actuals, models, instants, (facts, held, model, at) => {
      const { differences } = compare(facts, held, model, at);
      const keys = differences.map(({ packageKey }) => packageKey);
      expect(new Set(keys).size).toBe(keys.length);
      for (const { kind, remedy } of differences) {
        expect(FindingKind.options).toContain(kind);
        if (['unknown-person', 'stuck', 'theirs', 'by-rule'].includes(kind))
          expect(remedy).toBe('report');
      }
    }),
    FEWER_RUNS,
  );
});

it('when what is permitted is done, the next comparison repairs nothing', () => {
  fc.assert(
    fc.property(factSets, heldSets, models, instants, (facts, held, model, at) => {
      const { differences, steps } = compare(facts, held, model, at);
      const permitted = new Set(permitOf(differences).map(({ packageKey }) => packageKey));
      const done = steps.filter(({ packageKey }) => permitted.has(packageKey));
      const after = compare(facts, carriedOut(held, done, model, at), model, at);
      expect(permitOf(after.differences)).toEqual([]);
    }),
    FEWER_RUNS,
  );
});

it('nothing is repaired in a package that was not read whole, and nothing is called absent there', () => {
  fc.assert(
    fc.property(
      ...([factSets, actuals, models, instants, fc.subarray(KEYS)] as const),
      (facts, held, model, at, partly) => {
        const scopes = new Map<string, ScopeState>(
          KEYS.map((key) => [key, partly.includes(key) ? 'incomplete' : 'complete']),
        );
        for (const { packageKey = '', kind, remedy } of compare(facts, held, model, at, scopes)
          .differences) {
          if (!partly.includes(packageKey)) continue;
          expect(remedy).toBe('none');
          expect(['missing', 'taken']).not.toContain(kind);
        }
      },
    ),
    FEWER_RUNS,
  );
});
