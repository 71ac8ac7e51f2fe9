import type { z } from 'zod';

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a text',
};

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return KINDS[Array.isArray(value) ? 'array' : typeof value] ?? typeof value;
}

/**
 * What is wrong with a value, in words of people, where a schema has none of its own; undefined leaves it to zod. Given to
 * `safeParse` as `error`. It repeats no value.
 */
export const plainIssue: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type' || issue.code === 'invalid_value') {
    if (issue.input === undefined) return 'is missing';
  }
  if (issue.code === 'invalid_type')
    return `must be ${KINDS[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`;
  if (issue.code === 'invalid_value' && issue.values.length > 1)
    return `must be one of ${issue.values.map(String).join(', ')}`;
  return undefined;
};

/**
 * One line per issue of a zod schema: its path, or `whole` where it has none, then the rule. For a union, describes the
 * issues of the likeliest member; zod would only say that no member matches.
 */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  whole: string,
  root: readonly PropertyKey[] = [],
): string[] {
  return issues.flatMap((issue) => {
    const path = [...root, ...issue.path];
    const meant = issue.code === 'invalid_union' ? likeliest(issue.errors) : undefined;
    if (meant !== undefined) return describeIssues(meant, whole, path);
    if (issue.code === 'invalid_key') return describeIssues(issue.issues, whole, path);
    return [`${pathText(path) || whole}: ${issue.message}`];
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

const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
