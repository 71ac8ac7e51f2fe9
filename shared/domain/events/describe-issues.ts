import type { z } from 'zod';

/**
 * One line for each thing that a zod schema found wrong: its path, then the rule. Of a union it tells what is wrong with
 * the member that was most likely meant; zod itself would only say that none fits.
 */
export function describeIssues(
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

/** The one branch with the fewest complaints about its own members; undefined if no branch stands out. */
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
