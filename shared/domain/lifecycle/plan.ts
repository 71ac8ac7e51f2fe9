import { z } from 'zod';
import type { AccessModel } from '../access-model/access-model';
import { birthrightsFor } from './birthrights';
import type { Attributes } from '../events/event';

/** A planned access package for one person. `wait`: whether to wait for a pending approval. */
export const Step = z.object({
  packageKey: z.string(),
  ruleId: z.string(),
  wait: z.boolean(),
});
export type Step = z.infer<typeof Step>;

/** The steps that give a joiner the access packages of the matching rules, in the model's order. */
export function planFor(attributes: Attributes, model: AccessModel): Step[] {
  const waits = new Map(model.accessPackages.map(({ key, wait }) => [key, wait]));
  return birthrightsFor(model, attributes).map(({ packageKey, ruleId }) => ({
    packageKey,
    ruleId,
    wait: waits.get(packageKey) ?? false,
  }));
}
