import type { AccessModel } from './access-model';
import { birthrightsFor } from './birthrights';
import type { Attributes } from './event';
import type { Step } from './journey';

/** The steps that give a joiner the birthrights of the model, in the model's order. Pure. */
export function planFor(attributes: Attributes, model: AccessModel): Step[] {
  const waits = new Map(model.accessPackages.map(({ key, wait }) => [key, wait]));
  return birthrightsFor(model, attributes).map(({ packageKey, ruleId }) => ({
    packageKey,
    ruleId,
    wait: waits.get(packageKey) ?? false,
  }));
}
