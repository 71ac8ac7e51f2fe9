import type {
  AccessPackage,
  Catalog,
  Resource,
  PackageDefinition,
} from '../domain/access-model/access-model';
import type * as answer from '../graph/answers';
import type { Traced } from '../graph/call';
import { isIn, type Entitlements } from '../graph/entitlements';
import { emptyOn404, GraphError, isForbidden } from '../graph/errors';
import type { ExcludedPackage } from '../graph/operations';
import type { CatalogRecord, PackageMemory, PackageRecord } from '../storage/packages';
import type { RememberedWrite } from '../write-once';
import { meantBy } from './compare';

/** One package of the model, and the catalogs of the model, in which its incompatible packages are found. */
export type PackageTarget = PackageDefinition & { catalogs: readonly Catalog[] };

/** What an inspection reads from Graph; it never writes. */
export type PackageReads = Pick<
  Entitlements,
  | 'findCatalogs'
  | 'getCatalog'
  | 'findCatalogResources'
  | 'findResourceRoles'
  | 'findAccessPackages'
  | 'getAccessPackage'
  | 'listAssignmentPolicies'
  | 'listIncompatible'
  | 'describeAccessPackage'
>;

/** What our tables say of a package, its catalog, and the packages that it is incompatible with. */
export type PackageRecords = {
  package: PackageRecord | undefined;
  catalog: CatalogRecord | undefined;
  peer: PackageMemory['peer'];
  /** The write that made an item, by its name; undefined if there was none. */
  writeOf: (name: string) => RememberedWrite | undefined;
  /**
   * Whether a person will see the result. Then an incompatible package that Graph does not know, and a recorded catalog
   * that it forbids, count as absent. A run cannot tell them from a replica that is behind or a lost permission: errors.
   */
  isSurvey: boolean;
};

/** A role of a resource as the catalog knows it: what a package can be given. */
export type GrantableRole = {
  resource: answer.CatalogResource;
  role: answer.ResourceRole;
  scope: answer.ResourceScope | undefined;
};

/** Whether holders of `from` are refused `to`. */
type Exclusion = { from: string; to: ExcludedPackage; exists: boolean };

export type IncompatiblePair = {
  key: string;
  /** Whether we created the other package. */
  isOtherOurs: boolean;
  /** There and back; undefined while one of the two packages does not exist. An error if they cannot be read. */
  exclusions: readonly [Exclusion, Exclusion] | GraphError | undefined;
};

/** One package as Graph has it. A list is empty where there is none, and has several entries where it is ambiguous. */
export type PackageSnapshot = {
  catalogs: answer.Catalog[];
  resources: { resource: Resource; found: answer.CatalogResource[]; roles: GrantableRole[] }[];
  packages: Traced<answer.AccessPackage>[];
  policies: answer.AssignmentPolicy[];
  pairs: IncompatiblePair[];
};

/**
 * Reads all that belongs to one package: first by the ids in our rows, then by name. What an ambiguous catalog or
 * package contains is not read. Throws `GraphError`: a failed read is no absence. A run gets the error of an incompatible
 * package in its pair, so that it hides no difference of the package itself.
 */
export async function inspectPackage(
  graph: PackageReads,
  target: PackageTarget,
  records: PackageRecords,
): Promise<PackageSnapshot> {
  const catalogs = await findCatalog(graph, target.catalog, records);
  const snapshot = { catalogs, resources: [], packages: [], policies: [], pairs: [] };
  if (catalogs.length > 1) return snapshot;
  const catalogId = catalogs[0]?.id;

  const resources = await inspectResources(graph, target.accessPackage, catalogId);
  const packages = await findPackage(graph, target, catalogId, records.package?.accessPackageId);
  if (packages.length > 1) return { ...snapshot, resources, packages };
  const packageId = packages[0]?.id;

  const policies = packageId === undefined ? [] : await graph.listAssignmentPolicies(packageId);
  const pairs = await inspectPairs(graph, target, { packageId, catalogId }, records);
  return { catalogs, resources, packages, policies, pairs };
}

async function findCatalog(
  graph: PackageReads,
  { displayName }: Catalog,
  { catalog, isSurvey, writeOf }: PackageRecords,
): Promise<answer.Catalog[]> {
  const recordedId = catalog?.catalogId;
  const write = writeOf('catalog');
  const mayBeAbsent = isSurvey || (write !== undefined && write.state !== 'seen');
  const known = recordedId === undefined ? [] : await catalogById(graph, recordedId, mayBeAbsent);
  return known.length > 0 ? known : meantBy(displayName, await graph.findCatalogs(displayName));
}

/** Graph also answers 403 for a catalog that it does not know; if it may be that, the search by name shows whether it is. */
async function catalogById(
  graph: PackageReads,
  id: string,
  mayBeAbsent: boolean,
): Promise<answer.Catalog[]> {
  try {
    return await emptyOn404(graph.getCatalog(id));
  } catch (error) {
    if (mayBeAbsent && isForbidden(error)) return [];
    throw error;
  }
}

async function inspectResources(
  graph: PackageReads,
  { resources }: AccessPackage,
  catalogId: string | undefined,
): Promise<PackageSnapshot['resources']> {
  const inspected: PackageSnapshot['resources'] = [];
  for (const resource of resources) {
    const { originId, originSystem } = resource;
    const all =
      catalogId === undefined ? [] : await graph.findCatalogResources(catalogId, originId);
    const found = all.filter((one) => one.originSystem === originSystem);
    const [only, ...others] = found;
    const isUnique = catalogId !== undefined && only !== undefined && others.length === 0;
    const roles = isUnique ? await findRoles(graph, catalogId, resource, only) : [];
    inspected.push({ resource, found, roles });
  }
  return inspected;
}

/** The roles that the model may mean; more than one is ambiguous. */
async function findRoles(
  graph: PackageReads,
  catalogId: string,
  { originId, role: name }: Resource,
  resource: answer.CatalogResource,
): Promise<GrantableRole[]> {
  const expanded = resource.roles ?? [];
  const roles = expanded.length > 0 ? expanded : await graph.findResourceRoles(catalogId, resource);
  const scope = resource.scopes?.find((one) => one.isRootScope) ?? resource.scopes?.[0];
  // A group's roles are known by their origin id, `Member_<group id>`, whatever language their names are in.
  const isMeant = (role: answer.ResourceRole) =>
    role.originId === `${name}_${originId}` || role.originId === name || role.displayName === name;
  return roles.filter(isMeant).map((role) => ({ resource, role, scope }));
}

async function findPackage(
  graph: PackageReads,
  { accessPackage: { adoptId, displayName } }: PackageTarget,
  catalogId: string | undefined,
  recordedId: string | undefined,
): Promise<Traced<answer.AccessPackage>[]> {
  const id = adoptId ?? recordedId;
  const known = id === undefined ? [] : await emptyOn404(graph.getAccessPackage(id));
  if (known.length > 0 || adoptId !== undefined || catalogId === undefined) return known;
  const named = await graph.findAccessPackages(catalogId, displayName);
  // A package is read with its role scopes only by its id.
  const read = await Promise.all(named.map((one) => emptyOn404(graph.getAccessPackage(one.id))));
  const inCatalog = read.flat().filter((one) => isIn(one, catalogId));
  return meantBy(displayName, inCatalog);
}

/**
 * Nobody may hold a package beside an incompatible one: each of a pair excludes the other. Whichever is created second
 * gets both directions, so a package that does not exist yet has no exclusions.
 */
async function inspectPairs(
  graph: PackageReads,
  { accessPackage, incompatible, catalogs }: PackageTarget,
  { packageId, catalogId }: { packageId: string | undefined; catalogId: string | undefined },
  { peer, isSurvey }: PackageRecords,
): Promise<IncompatiblePair[]> {
  const none = { isOtherOurs: false, exclusions: undefined };
  if (packageId === undefined) return incompatible.map(({ key }) => ({ key, ...none }));
  const ifThere = async (id: string | undefined) =>
    id === undefined || !isSurvey || (await emptyOn404(graph.getAccessPackage(id))).length > 0
      ? id
      : undefined;
  const inspectExclusions = async (record: PackageRecord | undefined, other: AccessPackage) => {
    const otherId =
      (await ifThere(record?.accessPackageId)) ??
      (await ifThere(await findPeer(graph, catalogs, other)));
    if (otherId === undefined) return undefined;
    const otherCatalogId = async () => {
      if (other.catalog === accessPackage.catalog) return catalogId;
      return record?.catalogId ?? (await findPeerCatalog(graph, catalogs, other))?.id;
    };
    const there = await inspectExclusion(graph, packageId, otherId, otherCatalogId);
    const back = await inspectExclusion(graph, otherId, packageId, () =>
      Promise.resolve(catalogId),
    );
    return [there, back] as const;
  };
  const pairs: IncompatiblePair[] = [];
  for (const other of incompatible) {
    const record = await peer(other.catalog, other.key);
    const exclusions = await inspectExclusions(record, other).catch((error: unknown) => {
      if (isSurvey || !(error instanceof GraphError)) throw error;
      return error;
    });
    pairs.push({ key: other.key, isOtherOurs: isOurs(record), exclusions });
  }
  return pairs;
}

async function inspectExclusion(
  graph: PackageReads,
  from: string,
  toId: string,
  catalogId: () => Promise<string | undefined>,
): Promise<Exclusion> {
  const exists = (await graph.listIncompatible(from)).some(({ id }) => id === toId);
  // Described here and not when it is written: a write is one call, because the lease is only sure to last for one.
  if (exists) return { from, to: { id: toId }, exists };
  return { from, to: await graph.describeAccessPackage(toId, catalogId), exists };
}

/** A package that we have no row of may exist all the same, created by somebody else. */
export async function findPeer(
  graph: Pick<PackageReads, 'findCatalogs' | 'findAccessPackages'>,
  catalogs: readonly Catalog[],
  other: AccessPackage,
): Promise<string | undefined> {
  if (other.adoptId !== undefined) return other.adoptId;
  const found = await findPeerCatalog(graph, catalogs, other);
  if (!found) return undefined;
  const named = await graph.findAccessPackages(found.id, other.displayName);
  return meantBy(other.displayName, named)[0]?.id;
}

async function findPeerCatalog(
  graph: Pick<PackageReads, 'findCatalogs'>,
  catalogs: readonly Catalog[],
  other: AccessPackage,
): Promise<answer.Catalog | undefined> {
  const catalog = catalogs.find(({ key }) => key === other.catalog);
  if (!catalog) return undefined;
  return meantBy(catalog.displayName, await graph.findCatalogs(catalog.displayName))[0];
}

/** Whether we created the package, or are about to: then what it lacks is ours to add. */
export function isOurs(record: PackageRecord | undefined): boolean {
  return record?.writes['package'] !== undefined;
}
