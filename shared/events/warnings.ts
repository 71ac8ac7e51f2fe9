import type { AccessModel } from '../domain/access-model/access-model';
import { nearestRule, type Difference } from '../domain/access-model/nearest-rule';
import type { EventInspection } from '../domain/events/inspect-event';
import { workerIdWarning } from '../domain/events/match-attribute';
import { birthrightsFor, zoneOfLocation } from '../domain/lifecycle/plan';

/** Something that the intake accepts and that the sender may not mean. The text repeats no value of the event. */
export type Warning = {
  code: 'unknown-member' | 'worker-id-too-long' | 'no-matching-rule' | 'default-time-zone';
  field: string;
  line: number;
  text: string;
};

/** What an event that is accepted would not do, by the match attribute, and by the access model where it is known. */
export function warningsOf(
  { read, unknown, lineOf }: EventInspection,
  { model, matchAttribute }: { model: AccessModel | undefined; matchAttribute: string },
): Warning[] {
  const dropped = unknown.map(({ field, line, meant }): Warning => {
    const hint = meant === undefined ? '' : `; ${meant} may be meant`;
    const text = `not a member of the contract, so it is dropped${hint}`;
    return { code: 'unknown-member', field, line, text };
  });
  if (read.kind === 'rejected') return dropped;
  const { workerId, timeZone, attributes } = read.event.data;
  const warnings = [...dropped];
  const unusable = workerIdWarning(workerId, matchAttribute);
  if (unusable !== undefined) {
    const line = lineOf('data', 'workerId');
    warnings.push({ code: 'worker-id-too-long', field: 'data.workerId', line, text: unusable });
  }
  if (!model) return warnings;
  if (birthrightsFor(model, attributes).length === 0) {
    const { ruleId, differences } = nearestRule(model, attributes);
    const [field = 'data.attributes'] = differences.map(
      (one) => `data.attributes.${one.attribute}`,
    );
    const why = differences.map(describe).join('; ');
    const text = `no rule of the access model matches; the nearest is "${ruleId}": ${why}`;
    warnings.push({ code: 'no-matching-rule', field, line: lineOf(...field.split('.')), text });
  }
  if (timeZone === undefined && zoneOfLocation(model, attributes) === undefined) {
    const { default: zone } = model.timeZones;
    const isAbsent = !Object.hasOwn(attributes, 'location');
    const why = isAbsent
      ? 'neither timeZone nor location'
      : 'no timeZone, and a location without one';
    warnings.push({
      code: 'default-time-zone',
      field: isAbsent ? 'data.timeZone' : 'data.attributes.location',
      line: isAbsent ? lineOf('data') : lineOf('data', 'attributes', 'location'),
      text: `${why}, so the start date is taken in ${zone}, the access model's default`,
    });
  }
  return warnings;
}

function describe({ attribute, values, how }: Difference): string {
  const some = values.map((value) => JSON.stringify(value)).join(' or ');
  switch (how) {
    case 'absent':
      return `${attribute} is absent; it must be ${some}`;
    case 'other':
      return `${attribute} must be ${some}`;
    case 'spelling':
      return `${attribute} differs from ${some} only by case, spaces or Unicode form`;
    case 'name':
      return `the name ${attribute} is written with other case, spaces or Unicode form`;
    case 'unwanted':
      return `${attribute} must not be ${some}`;
  }
}
