import { z } from 'zod';
import type { AccessModel } from '../access-model/access-model';
import type { Attributes } from '../events/event';
import { comparisons, matches, undecidedBy } from '../access-model/condition';
import { jsonHash } from '../events/keys';
import { Action, Held } from './held';

/** Graph ids of a complete access package. */
export const PackageIds = z.object({
  accessPackageId: z.string(),
  catalogId: z.string(),
  assignmentPolicyId: z.string(),
});
export type PackageIds = z.infer<typeof PackageIds>;

/** What the policy in force says of a request under it. */
export const PolicyInForce = z.object({
  approval: z.enum(['required', 'not-required']),
  schedule: z.enum(['allowed', 'forbidden']),
});
export type PolicyInForce = z.infer<typeof PolicyInForce>;

/** Where the record of a person's access to one package is: the person's first worker id, and the account's object id. */
export const HoldingPlace = z.object({
  personId: z.string(),
  targetId: z.string(),
  packageKey: z.string(),
});
export type HoldingPlace = z.infer<typeof HoldingPlace>;

/** Who released or discarded what a brake held, and why. */
export const BrakeDecision = z.object({ brake: z.string(), by: z.string(), reason: z.string() });
export type BrakeDecision = z.infer<typeof BrakeDecision>;

/**
 * One step of a plan with all that carrying it out needs, so that a revoke needs neither the model nor the account. Times
 * are ISO 8601 in UTC. `id` is `<action>:<packageKey>`, and for another account than the person's present one
 * `<action>:<packageKey>@<targetId>`; the steps in `after` come first.
 */
export const PlannedStep = HoldingPlace.extend({
  id: z.string(),
  action: z.enum([...Action.options, 'hand-off']),
  ruleId: z.string().optional(),
  /** Whether to wait for a pending approval. */
  wait: z.boolean(),
  /** The end of the assignment; an `extend` without one takes the end off. */
  until: z.string().optional(),
  after: z.array(z.string()),
  ids: PackageIds.partial(),
  /** Of a grant: whether its access package was found complete, so that nothing is left to ensure; and its policy. */
  isEnsured: z.boolean().optional(),
  policy: PolicyInForce.optional(),
  assignmentId: z.string().optional(),
  /** The open request that a `wait` waits for, and the failed one of a `reprocess`. */
  requestId: z.string().optional(),
  /** Of a `wait`: what is waited for. */
  waitsFor: z.enum(['grant', 'removal']).optional(),
  whose: Held.shape.whose.optional(),
  /** What the account had of the package when this was planned, and until when. */
  held: z.enum(['nothing', ...Held.shape.state.options]).optional(),
  heldUntil: z.string().optional(),
  /** Of a revoke or a hand-off: whether the person has an employment. */
  employed: z.boolean().optional(),
  /** Of a change to an assignment: when it was first planned. A replica of Graph may be behind what that plan saw. */
  plannedAt: z.string().optional(),
  /** When to act, and by when a person should have it. */
  actAt: z.string().optional(),
  readyBy: z.string().optional(),
  /** The hashes of the events behind it. */
  factHashes: z.array(z.string()),
  /** Of a removal that a brake held: who released or discarded it, and why. */
  decision: BrakeDecision.optional(),
});
export type PlannedStep = z.infer<typeof PlannedStep>;

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
