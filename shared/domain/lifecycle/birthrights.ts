import type { AccessModel } from '../access-model/access-model';
import { comparisons, matches } from '../access-model/condition';
import type { Attributes } from '../events/event';

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

/** The only attributes of a worker that may be stored: those that some rule reads. */
export function attributesRead(model: AccessModel): Set<string> {
  const all = model.birthrights.flatMap(({ when }) => comparisons(when));
  return new Set(all.map(({ attribute }) => attribute));
}

/** The zone of a worker's start date: the event's own, else the model's for the location, else its default. */
export function zoneFor(
  model: AccessModel,
  worker: { timeZone?: string | undefined; attributes: Attributes },
): string {
  const { byLocation, default: fallback } = model.timeZones;
  const location = Object.hasOwn(worker.attributes, 'location')
    ? worker.attributes['location']
    : undefined;
  const local =
    location !== undefined && Object.hasOwn(byLocation, location)
      ? byLocation[location]
      : undefined;
  return worker.timeZone ?? local ?? fallback;
}
