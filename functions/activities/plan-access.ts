import { activities } from '../../shared/domain/workflow/activities';
import type { Outcome } from '../../shared/domain/workflow/outcome';
import { planFor } from '../../shared/domain/lifecycle/plan';
import { asOutcome } from '../../shared/graph/classify';
import type { Services } from '../services';
import { registerActivity } from './activity';

/** Facts and access model -> steps, and the person in the directory who is to get them. */
export function registerPlanAccess({ workers, model, graph, config }: Services): void {
  registerActivity(activities.planAccess, async ({ run }) => {
    const facts = await workers.facts(run.fact.workerId);
    const fact = facts.find((known) => known.eventHash === run.eventHash);
    if (!fact) throw new Error('the fact of this run is not recorded');
    const steps = planFor(fact.attributes, model().model);
    if (steps.length === 0) return { outcome: { kind: 'rejected', reason: 'no-matching-rule' } };
    const outcome = await asOutcome(async (): Promise<Outcome<{ targetId: string }>> => {
      const users = await graph.findUsers(config.matchAttribute, run.fact.workerId);
      const [user, ...others] = users;
      if (!user) return { ...NOT_YET, why: 'no-identity' };
      if (others.length > 0) return { kind: 'failed', why: 'ambiguous-identity' };
      // Accounts of people who have yet to start are often made disabled; Graph assigns nothing to them.
      if (user.accountEnabled === false) return { ...NOT_YET, why: 'account-disabled' };
      return { kind: 'done', targetId: user.id };
    });
    return { outcome: outcome.kind === 'done' ? { ...outcome, steps } : outcome };
  });
}

const NOT_YET = { kind: 'later', afterSeconds: 1 } as const;
