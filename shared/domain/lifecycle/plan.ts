import { z } from 'zod';
import type { AccessModel } from '../access-model/access-model';
import type { Attributes } from '../events/event';
import { comparisons, matches, undecidedBy } from '../access-model/condition';
import { jsonHash } from '../events/keys';

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

/** The access packages that the rules give to a worker, in model order, each with the first rule that gives it. */
export function birthrightsFor(
  model: AccessModel,
  attributes: Attributes,
): { packageKey: string; ruleId: string }[] {
  const rules = new Map<string, string>();
  for (const { id, when, packages } of model.birthrights) {
    if (!matches(when, attributes)) continue;
    for (const key of packages) if (!rules.has(key)) rules.set(key, id);
  }
  return Array.from(rules, ([packageKey, ruleId]) => ({ packageKey, ruleId }));
}

/** The only attributes of a worker that may be stored: those that the model declares, or else those that some rule reads. */
export function storedAttributes(model: AccessModel): Set<string> {
  const read = model.birthrights.flatMap(({ when }) => comparisons(when));
  return new Set([
    ...(model.attributes ?? read.map(({ attribute }) => attribute)),
    // The zone of a person's days may depend on it at any later time.
    'location',
  ]);
}

/** What is kept of the attributes of an event. */
export type KeptAttributes = {
  attributes: Attributes;
  /** Of each attribute that the event has and that is not stored, a hash of its name; absent if all are stored. */
  unstored?: string[] | undefined;
};

/**
 * Parts the attributes that may be stored from the others. Of those only that they were there is kept, because the rules
 * may ask about them later: a value that was dropped is not an absent one.
 */
export function keepAttributes(model: AccessModel, attributes: Attributes): KeptAttributes {
  const read = storedAttributes(model);
  const isRead = (name: string) => read.has(name);
  const names = Object.keys(attributes);
  const unstored = names.filter((name) => !isRead(name)).map(nameHash);
  return {
    attributes: Object.fromEntries(Object.entries(attributes).filter(([name]) => isRead(name))),
    ...(unstored.length > 0 && { unstored: unstored.sort() }),
  };
}

const nameHash = (name: string): string => jsonHash(name).slice(0, 16);

/** An attribute that decides about a rule and was not stored when the event was accepted; undefined if there is none. */
export function unstoredAttribute(
  { birthrights }: AccessModel,
  { attributes, unstored = [] }: KeptAttributes,
): string | undefined {
  if (unstored.length === 0) return undefined;
  for (const { when } of birthrights) {
    const name = undecidedBy(when, attributes, (one) => unstored.includes(nameHash(one)));
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The zone of a worker's start date: the event's own, else the model's for the location, else its default. */
export function zoneFor(
  model: AccessModel,
  worker: { timeZone?: string | undefined; attributes: Attributes },
): string {
  return worker.timeZone ?? zoneOfLocation(model, worker.attributes) ?? model.timeZones.default;
}

/** The zone that the model has for the attribute `location`, if it has one. */
export function zoneOfLocation(model: AccessModel, attributes: Attributes): string | undefined {
  const { byLocation } = model.timeZones;
  const location = Object.hasOwn(attributes, 'location') ? attributes['location'] : undefined;
  return location !== undefined && Object.hasOwn(byLocation, location)
    ? byLocation[location]
    : undefined;
}
