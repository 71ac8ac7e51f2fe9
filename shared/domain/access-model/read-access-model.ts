import type { z } from 'zod';
import { AccessModel } from './access-model';
import { jsonHash } from '../events/keys';
import { adviceOn, lintModel } from './lint';
import { readJson } from '../events/raw-json';

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
  const parsed = AccessModel.safeParse(read.value);
  const faults = [...describeIssues(parsed.error?.issues ?? []), ...lintModel(read.value)];
  if (!parsed.success || faults.length > 0) return { kind: 'faults', faults };
  const model: AccessModel = { ...parsed.data };
  // A hint for editors, not a rule.
  delete model.$schema;
  return { kind: 'ok', model, hash: jsonHash(model), advice: adviceOn(model) };
}

/**
 * One line per issue of a zod schema: its path, then the rule. For a union, describes the issues of the likeliest member;
 * zod would only say that no member matches.
 */
function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  root: readonly PropertyKey[] = [],
): string[] {
  return issues.flatMap((issue) => {
    const path = [...root, ...issue.path];
    const meant = issue.code === 'invalid_union' ? likeliest(issue.errors) : undefined;
    if (meant !== undefined) return describeIssues(meant, path);
    if (issue.code === 'invalid_key') return describeIssues(issue.issues, path);
    return [`${pathText(path)}: ${issue.message}`];
  });
}

/** The branch with the fewest issues in its own members; undefined if two have equally few. */
function likeliest(branches: readonly (readonly z.core.$ZodIssue[])[]) {
  const shallow = branches.map((issues) => issues.filter(({ path }) => path.length < 2).length);
  const least = Math.min(...shallow);
  return shallow.indexOf(least) === shallow.lastIndexOf(least)
    ? branches[shallow.indexOf(least)]
    : undefined;
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  return text === '' ? 'the model' : text.replace(/^\./, '');
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
