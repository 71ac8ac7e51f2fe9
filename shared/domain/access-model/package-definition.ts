import type { AccessModel, AccessPackage, Catalog } from './access-model';
import { jsonHash } from '../events/keys';

/** Everything that defines one package, and a hash of it. */
export type PackageDefinition = {
  accessPackage: AccessPackage;
  catalog: Catalog;
  incompatible: AccessPackage[];
  version: string;
};

/** The definition of a package key; undefined if the model lacks the package or its catalog. */
export function packageDefinition(model: AccessModel, key: string): PackageDefinition | undefined {
  const accessPackage = model.accessPackages.find((one) => one.key === key);
  const catalog = model.catalogs.find((one) => one.key === accessPackage?.catalog);
  if (accessPackage === undefined || catalog === undefined) return undefined;
  const incompatible = incompatibleWith(model, accessPackage);
  const version = versionOf(accessPackage, catalog, incompatible);
  return { accessPackage, catalog, incompatible, version };
}

/** The packages that are incompatible with this one, whichever of the two names the other. */
function incompatibleWith(model: AccessModel, { key, incompatibleWith }: AccessPackage) {
  return model.accessPackages.filter(
    (other) => incompatibleWith.includes(other.key) || other.incompatibleWith.includes(key),
  );
}

/** Omits what Graph never sees: a changed `wait` must not cause a new verification of the package. */
function versionOf(accessPackage: AccessPackage, catalog: Catalog, incompatible: AccessPackage[]) {
  const peers = incompatible.map((peer) => [peer.catalog, peer.displayName]);
  const definition = { ...accessPackage, wait: undefined, incompatibleWith: undefined };
  return jsonHash({ catalog, definition, incompatible: peers });
}
