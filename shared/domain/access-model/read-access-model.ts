import { AccessModel } from './access-model';
import { jsonHash } from '../events/keys';
import { adviceOn, lintModel } from './lint';
import { readJson } from '../events/raw-json';
import { describeIssues, plainIssue } from '../issues';

export type ModelReading =
  /** `advice`: what is allowed and will cause trouble, one line each. */
  | { kind: 'ok'; model: AccessModel; hash: string; advice: string[] }
  /** One line each: the place, the fault, the fix. */
  | { kind: 'faults'; faults: string[] };

const MAX_DEPTH = 64;

/**
 * Reads an access model from its JSON text. A model with any fault is not used, and all its faults are listed. `hash` is of
 * the canonical JSON, so layout and the order of members do not change it.
 */
export function readAccessModel(text: string): ModelReading {
  const read = readJson(text.replace(/^\uFEFF/, ''), MAX_DEPTH);
  if (read.kind === 'fault') {
    const { reason, at, path } = read.fault;
    const line = text.slice(0, at).split('\n').length;
    const place = path.length > 0 ? `, in ${path.join('.')}` : '';
    return { kind: 'faults', faults: [`line ${line}${place}: ${reason}; fix the JSON`] };
  }
  const parsed = AccessModel.safeParse(read.value, { error: plainIssue });
  const faults = [
    ...describeIssues(parsed.error?.issues ?? [], 'the model'),
    ...lintModel(read.value),
  ];
  if (!parsed.success || faults.length > 0) return { kind: 'faults', faults };
  const model: AccessModel = { ...parsed.data };
  // A hint for editors, not a rule.
  delete model.$schema;
  return { kind: 'ok', model, hash: jsonHash(model), advice: adviceOn(model) };
}

/**
 * How the object ids of the sample directory begin: `1` groups, `2` people, `3` applications and their roles, `4`
 * identities, `5` the tenant. Ids of a real directory are random.
 */
const SAMPLE_ID = /^[1-5][01]000000-/;

/** The places in an access model, such as `accessPackages[0].resources[0].originId`, that hold an id of the sample directory. */
export function sampleIdsIn(value: unknown, at = ''): string[] {
  if (typeof value === 'string') return SAMPLE_ID.test(value) ? [at] : [];
  if (Array.isArray(value))
    return value.flatMap((each, index) => sampleIdsIn(each, `${at}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    sampleIdsIn(each, at === '' ? name : `${at}.${name}`),
  );
}

/** Says what to change if a model names objects of the sample directory; undefined if it names none. */
export function sampleFault(model: unknown): string | undefined {
  const [first, ...others] = sampleIdsIn(model);
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return (
    `the access model is that of the sample directory, which no tenant has: ${first}${more} must be the object id of a ` +
    'group, application, role or person of your tenant. Set ACCESS_MODEL to your own model, or replace these ids'
  );
}
