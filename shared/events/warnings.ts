import type { AccessModel } from '../domain/access-model/access-model';
import { nearestRule, type Difference } from '../domain/access-model/nearest-rule';
import type { EventInspection } from '../domain/events/inspect-event';
import { workerIdWarning } from '../domain/events/match-attribute';
import { attributesIn, factOf } from '../domain/lifecycle/fact-of';
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
  const { workerId, timeZone } = read.event.data;
  const warnings = [...dropped];
  const unusable = workerIdWarning(workerId, matchAttribute);
  if (unusable !== undefined) {
    const line = lineOf('data', 'workerId');
    warnings.push({ code: 'worker-id-too-long', field: 'data.workerId', line, text: unusable });
  }
  if (!model) return warnings;
  for (const { path, attributes } of attributesIn(factOf(read.event))) {
    const warn = (code: Warning['code'], names: string[], text: string, around = names) => {
      const field = ['data', ...path, ...names].join('.');
      warnings.push({ code, field, line: lineOf('data', ...path, ...around), text });
    };
    if (birthrightsFor(model, attributes).length === 0) {
      const { ruleId, differences } = nearestRule(model, attributes);
      const names = ['attributes', ...differences.slice(0, 1).map((one) => one.attribute)];
      const why = differences.map(describe).join('; ');
      const text = `no rule of the access model matches; the nearest is "${ruleId}": ${why}`;
      warn('no-matching-rule', names, text);
    }
    if (timeZone !== undefined || zoneOfLocation(model, attributes) !== undefined) continue;
    const isAbsent = !Object.hasOwn(attributes, 'location');
    const why = isAbsent
      ? 'neither timeZone nor location'
      : 'no timeZone, and a location without one';
    const text = `${why}, so its days are taken in ${model.timeZones.default}, the access model's default`;
    if (isAbsent && path.length === 0) warn('default-time-zone', ['timeZone'], text, []);
    else warn('default-time-zone', ['attributes', 'location'], text);
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
