import { isTooLong, isWorkerId } from '../domain/events/match-attribute';
import { nearestRule } from '../domain/access-model/nearest-rule';
import { planFor, unstoredAttribute, type Step } from '../domain/lifecycle/plan';
import type { Outcome } from '../domain/workflow/outcome';
import type { Run } from '../domain/workflow/run';
import type { LoadedModel } from '../config/load-model';
import { asOutcome } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import type { Workers } from '../storage/workers';

type Services = {
  model: () => LoadedModel;
  workers: Workers;
  graph: Entitlements;
  config: { matchAttribute: string };
};

type Plan = { targetId: string; steps: Step[] };

/** Facts and access model -> steps, and the object id of the person in the directory who gets them. */
export async function planAccess(
  { model, workers, graph, config }: Services,
  run: Run,
): Promise<Outcome<Plan>> {
  const { workerId } = run.fact;
  const facts = await workers.facts(workerId);
  const fact = facts.find(({ hash }) => hash === run.eventHash);
  if (!fact) throw new Error('the fact of this run is not recorded');
  const attributes = 'attributes' in fact.states ? fact.states.attributes : {};
  // Since the event was accepted, the rules may have come to ask about what was not stored of it.
  if (unstoredAttribute(model().model, { attributes, unstored: fact.unstored }) !== undefined)
    return { kind: 'failed', why: 'attribute-not-stored' };
  const steps = planFor(attributes, model().model);
  if (steps.length === 0) {
    const { ruleId } = nearestRule(model().model, attributes);
    return { kind: 'rejected', reason: 'no-matching-rule', about: ruleId };
  }
  // Nobody can ever have it, so the run does not wait for them.
  if (isTooLong(workerId, config.matchAttribute)) {
    return { kind: 'failed', why: 'worker-id-too-long' };
  }
  return asOutcome(async (): Promise<Outcome<Plan>> => {
    const found = await graph.findUsers(config.matchAttribute, workerId);
    const [user, ...others] = found.filter(({ value }) => isWorkerId(value, workerId));
    if (found.length === 0) return { ...NOT_YET, why: 'no-identity' };
    // Another spelling may be another person: whose access it is, a person decides.
    if (!user) return { kind: 'failed', why: 'identity-mismatch' };
    if (others.length > 0) return { kind: 'failed', why: 'ambiguous-identity' };
    // Accounts of people who have yet to start are often disabled; Graph assigns nothing to them.
    if (user.accountEnabled === false) return { ...NOT_YET, why: 'account-disabled' };
    return { kind: 'done', targetId: user.id, steps };
  });
}

const NOT_YET = { kind: 'later', afterSeconds: 1 } as const;
