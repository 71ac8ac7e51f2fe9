import type { AccessModel, AccessPackage, Catalog } from './access-model';
import { jsonHash } from '../events/keys';

/** Everything that defines one package, and a hash that changes when any of it does. */
export type PackageDefinition = {
  accessPackage: AccessPackage;
  catalog: Catalog;
  incompatible: AccessPackage[];
  version: string;
};

/** The definition behind a package key; undefined if the model has no such package or not its catalog. */
export function packageDefinition(model: AccessModel, key: string): PackageDefinition | undefined {
  const accessPackage = model.accessPackages.find((one) => one.key === key);
  const catalog = model.catalogs.find((one) => one.key === accessPackage?.catalog);
  if (accessPackage === undefined || catalog === undefined) return undefined;
  const incompatible = incompatibleWith(model, accessPackage);
  const version = versionOf(accessPackage, catalog, incompatible);
  return { accessPackage, catalog, incompatible, version };
}

/** The packages that nobody may hold beside this one, whichever of the two names the other. */
function incompatibleWith(model: AccessModel, { key, incompatibleWith }: AccessPackage) {
  return model.accessPackages.filter(
    (other) => incompatibleWith.includes(other.key) || other.incompatibleWith.includes(key),
  );
}

/** Leaves out what Graph never sees: a changed `wait` must not make the package be verified again. */
function versionOf(accessPackage: AccessPackage, catalog: Catalog, incompatible: AccessPackage[]) {
  const peers = incompatible.map((peer) => [peer.catalog, peer.displayName]);
  const definition = { ...accessPackage, wait: undefined, incompatibleWith: undefined };
  return jsonHash({ catalog, definition, incompatible: peers });
}
