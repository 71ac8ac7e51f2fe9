import { lintPackages } from './lint-packages';
import { lintRules } from './lint-rules';
import { repeats } from './lint-repeats';
import { lintSeparation } from './lint-separation';
import type { ModelDraft } from './model-draft';

/**
 * What the schema cannot see and what would surprise somebody on a joiner's first day. One line per fault: where it is,
 * what is wrong, what to do.
 */
export function lintModel(model: ModelDraft): string[] {
  const { catalogs, accessPackages, birthrights } = model;
  return [
    ...repeats('catalogs', 'key', catalogs, (one) => one.key),
    ...repeats('catalogs', 'displayName', catalogs, (one) => one.displayName.toLowerCase()),
    ...repeats('accessPackages', 'key', accessPackages, (one) => one.key),
    ...repeats('accessPackages', 'adoptId', accessPackages, (one) => one.adoptId),
    ...repeats('accessPackages', 'policyId', accessPackages, (one) => one.policyId),
    // Graph compares display names without regard to case, and packages are found by theirs within a catalog.
    ...repeats('accessPackages', 'displayName', accessPackages, (one) =>
      JSON.stringify([one.catalog, one.displayName.toLowerCase()]),
    ),
    ...repeats('birthrights', 'id', birthrights, (one) => one.id),
    ...lintPackages(model),
    ...lintRules(model),
    ...lintSeparation(model),
  ];
}
