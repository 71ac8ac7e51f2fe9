import type { AccessModel } from '../access-model/access-model';
import type { StoredFact } from '../lifecycle/facts';
import { timelineOf } from '../lifecycle/timeline';

/** Whether a roster had to have somebody of these facts: its source has stated their employment until then. */
export function isExpectedIn(
  { source, asOf }: { source: string; asOf: string },
  facts: readonly StoredFact[],
  model: AccessModel,
  at: number,
): boolean {
  const then = facts.filter((fact) => fact.source === source && fact.time <= asOf);
  const isEmployed = (stated: readonly StoredFact[], instant: number): boolean =>
    timelineOf(stated, model).spans.some(
      ({ from, until }) => from <= instant && instant < (until ?? Infinity),
    );
  return isEmployed(then, Date.parse(asOf)) && isEmployed(facts, at);
}
