import type { AccessModel } from '../access-model/access-model';
import { birthrightsFor } from './birthrights';
import type { Attributes } from '../events/event';
import type { Step } from '../workflow/workflow-state';

/** The steps that give a joiner the birthrights of the model, in the model's order. Pure. */
export function planFor(attributes: Attributes, model: AccessModel): Step[] {
  const waits = new Map(model.accessPackages.map(({ key, wait }) => [key, wait]));
  return birthrightsFor(model, attributes).map(({ packageKey, ruleId }) => ({
    packageKey,
    ruleId,
    wait: waits.get(packageKey) ?? false,
  }));
}
