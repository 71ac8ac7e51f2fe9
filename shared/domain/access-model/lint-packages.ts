import type { AccessPackage } from './access-model';
import { repeats } from './lint-repeats';
import { refers } from './model-draft';
import type { ModelDraft } from './model-draft';

/** Row keys of the packages table that are not packages. */
const RESERVED = new Set(['lease']);

/** Faults of each package by itself and in what it refers to. */
export function lintPackages(model: ModelDraft): string[] {
  return model.accessPackages.flatMap((one, index) =>
    one === undefined
      ? []
      : [...policyFaults(one), ...referenceFaults(one, model), ...useFaults(one, model)].map(
          (fault) => `accessPackages[${index}]${fault}`,
        ),
  );
}

function policyFaults({ policy, policyId, adoptId }: AccessPackage): string[] {
  if (policy !== undefined && policyId !== undefined) {
    return ['.policyId: beside a policy; keep the one that is meant'];
  }
  if (policy === undefined && policyId === undefined) {
    return ['.policy: none; describe one, or name an existing one with policyId and adoptId'];
  }
  return policyId !== undefined && adoptId === undefined
    ? ['.adoptId: none; a policy that exists belongs to a package that exists, so name that too']
    : [];
}

function referenceFaults(one: AccessPackage, model: ModelDraft): string[] {
  const { key, catalog, resources, incompatibleWith } = one;
  return [
    ...(RESERVED.has(key) ? [`.key: "${key}" is reserved; choose another`] : []),
    ...(refers(model.catalogKeys, catalog)
      ? []
      : [`.catalog: there is no catalog "${catalog}"; add it or name another`]),
    ...repeats('resources', 'role', resources, (resource) => JSON.stringify(resource)).map(
      (fault) => `.${fault}`,
    ),
    ...incompatibleWith.flatMap((other, index) => {
      const place = `.incompatibleWith[${index}]`;
      if (other === key) return [`${place}: the package itself; remove it`];
      if (incompatibleWith.indexOf(other) < index) return [`${place}: named twice; remove one`];
      return refers(model.packageKeys, other)
        ? []
        : [`${place}: there is no package "${other}"; add it or remove the reference`];
    }),
  ];
}

function useFaults({ key, incompatibleWith }: AccessPackage, model: ModelDraft): string[] {
  const given = model.birthrights.some((rule) => rule === undefined || rule.packages.includes(key));
  const apart = model.accessPackages.some(
    (other) => other === undefined || other.incompatibleWith.includes(key),
  );
  return given || apart || incompatibleWith.length > 0
    ? []
    : [': no rule gives it and no package is incompatible with it; give it or remove it'];
}
