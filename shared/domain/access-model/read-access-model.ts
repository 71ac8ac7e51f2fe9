import { AccessModel } from './access-model';
import { describeIssues } from '../events/describe-issues';
import { jsonHash } from '../events/keys';
import { lintModel } from './lint-model';
import { draftOf } from './model-draft';
import { readJson } from '../events/raw-json';

export type ModelReading =
  | { kind: 'ok'; model: AccessModel; hash: string }
  /** One line each: where, what is wrong, what to do. */
  | { kind: 'faults'; faults: string[] };

const MAX_DEPTH = 64;

/**
 * Reads an access model from its JSON text. A model with any fault is not used at all; every fault is listed, so that one
 * look mends them all. `hash` is of the canonical JSON: layout and the order of members do not change it.
 */
export function readAccessModel(text: string): ModelReading {
  const read = readJson(text.replace(/^\uFEFF/, ''), MAX_DEPTH);
  if (read.kind === 'fault') {
    const { reason, at, path } = read.fault;
    const line = text.slice(0, at).split('\n').length;
    const place = path.length > 0 ? `, in ${path.join('.')}` : '';
    return { kind: 'faults', faults: [`line ${line}${place}: ${reason}; mend the JSON`] };
  }
  const parsed = AccessModel.safeParse(read.value);
  const faults = [...describeIssues(parsed.error?.issues ?? []), ...lintModel(draftOf(read.value))];
  if (!parsed.success || faults.length > 0) return { kind: 'faults', faults };
  const model: AccessModel = { ...parsed.data };
  // A hint for editors, not a rule.
  delete model.$schema;
  return { kind: 'ok', model, hash: jsonHash(model) };
}
