import type { Resource } from '../domain/access-model/access-model';
import type * as answer from '../graph/answers';
import { GraphError } from '../graph/errors';
import type { RememberedWrite } from '../write-once';
import { catalogDifferences, namedLike, packageDifferences, policyDifferences } from './compare';
import type { GrantableRole, PackageRecords, PackageSnapshot, PackageTarget } from './inspect';
import type { Difference, Ids, ModelItem } from './items';

type Context = { target: PackageTarget; snapshot: PackageSnapshot; records: PackageRecords };

/**
 * Compares one package with the model, item by item, in the order in which they are created: catalog, resources,
 * package, roles, policy, incompatible packages. Ends with an ambiguous catalog or package.
 */
export function diffPackage(
  target: PackageTarget,
  snapshot: PackageSnapshot,
  records: PackageRecords,
): ModelItem[] {
  const context = { target, snapshot, records };
  const catalog = catalogItem(context);
  if (snapshot.catalogs.length > 1) return [catalog];
  const items = [catalog, ...resourceItems(context), packageItem(context)];
  if (snapshot.packages.length > 1) return items;
  return [...items, ...roleItems(context), policyItem(context), ...pairItems(context)];
}

function catalogItem({ target: { catalog }, snapshot, records }: Context): ModelItem {
  const [found] = snapshot.catalogs;
  const recordedId = records.catalog?.catalogId;
  const members = found ? catalogDifferences(catalog, found) : [];
  const id = found?.id;
  return {
    ...{ part: 'catalog', about: catalog.key, write: 'catalog', id, ids: idsOf('catalogId', id) },
    difference: differenceOf(
      snapshot.catalogs,
      isGone(id, recordedId, records.writeOf('catalog')),
      members,
    ),
    create: async (graph) => ({ catalogId: (await graph.createCatalog(catalog)).id }),
    ...(id !== undefined && { update: (graph) => graph.updateCatalog({ ...catalog, id }) }),
  };
}

function resourceItems({ snapshot, records }: Context): ModelItem[] {
  const hasCatalog = snapshot.catalogs.length > 0;
  const { resources } = snapshot;
  return resources.flatMap(({ resource, found, roles }, index) => {
    const { originId, originSystem } = resource;
    // A table row keeps this name, and an origin id may be a URL.
    const write = `resource:${originId}`;
    const gone = hasCatalog && isGone(found[0]?.id, undefined, records.writeOf(write));
    const item: ModelItem = {
      ...{ part: 'resource', about: originId, write, difference: differenceOf(found, gone) },
      create: async (graph, { catalogId = '' }) => {
        const { id } = await graph.addResourceToCatalog({ catalogId, originId, originSystem });
        return { requestId: id };
      },
      follow: (graph, requestId) => graph.followResourceRequest(requestId),
    };
    const unclear = found.length === 1 ? unclearRole(roles) : undefined;
    // A package may have several roles of one resource.
    const isFirst = resources.findIndex((one) => one.resource.originId === originId) === index;
    return [
      ...(isFirst ? [item] : []),
      ...(unclear
        ? [{ part: 'role' as const, about: aboutRole(resource), write, difference: unclear }]
        : []),
    ];
  });
}

function unclearRole(roles: readonly GrantableRole[]): Difference | undefined {
  if (roles.length === 1) return undefined;
  return { kind: roles.length === 0 ? 'no-such-role' : 'ambiguous' };
}

function packageItem({ target, snapshot, records }: Context): ModelItem {
  const { accessPackage } = target;
  const { key, displayName, description, hidden, adoptId } = accessPackage;
  const [found] = snapshot.packages;
  const catalogId = snapshot.catalogs[0]?.id;
  const members = found ? packageDifferences(accessPackage, catalogId ?? '', found) : [];
  const id = found?.id;
  const gone = isGone(id, records.package?.accessPackageId, records.writeOf('package'));
  // A package that is named by its id may be called anything, and none can be moved to another catalog.
  const name = adoptId === undefined ? displayName : undefined;
  const canUpdate = id !== undefined && !members.includes('package.catalog');
  return {
    ...{ part: 'package', about: key, write: 'package', id },
    ids: { ...idsOf('accessPackageId', id), ...idsOf('catalogId', catalogId) },
    difference:
      adoptId === undefined
        ? differenceOf(snapshot.packages, gone, members)
        : namedById(snapshot.packages, members),
    create: async (graph, { catalogId = '' }) => {
      const created = { displayName, description, hidden, catalogId };
      return { catalogId, accessPackageId: (await graph.createAccessPackage(created)).id };
    },
    ...(canUpdate && {
      update: (graph) => graph.updateAccessPackage({ description, hidden, id, displayName: name }),
    }),
  };
}

/** The package grants exactly the roles of the model: one more is access that nobody reviewed. */
function roleItems({ snapshot, records }: Context): ModelItem[] {
  const [found] = snapshot.packages;
  const granted = found?.roleScopes ?? [];
  const clear = snapshot.resources.filter(
    ({ found, roles }) => found.length !== 1 || roles.length === 1,
  );
  const meant = clear.flatMap(({ roles }) => roles.map(originsOf));
  const extra = granted
    .filter((one) => !meant.some((role) => isSame(one, role)))
    .map(({ role }): ModelItem => {
      return { part: 'role', about: role, write: '', difference: { kind: 'extra' } };
    });
  const items = clear.map(({ resource, roles: [grantable] }): ModelItem => {
    const about = aboutRole(resource);
    // The resource is not in the catalog yet, so its roles are not known.
    if (!grantable) return { part: 'role', about, write: '', difference: { kind: 'missing' } };
    const origins = originsOf(grantable);
    const write = `role-scope:${origins.role}|${origins.scope}`;
    const isGranted = granted.some((one) => isSame(one, origins));
    const gone = found !== undefined && isGone(undefined, undefined, records.writeOf(write));
    return {
      ...{ part: 'role', about, write },
      difference: isGranted ? undefined : { kind: gone ? 'gone' : 'missing' },
      create: async (graph, { accessPackageId: packageId = '' }) => {
        await graph.addResourceRoleScope({ packageId, ...grantable });
        return {};
      },
    };
  });
  return [...extra, ...items];
}

type RoleScope = answer.AccessPackage['roleScopes'][number];

/** By the origin ids of role and scope. */
const originsOf = ({ resource, role, scope }: GrantableRole): RoleScope => ({
  role: role.originId ?? '',
  scope: scope?.originId ?? resource.originId ?? '',
});

const isSame = (one: RoleScope, other: RoleScope): boolean =>
  one.role === other.role && one.scope === other.scope;

const aboutRole = ({ role, originId }: Resource): string => `${role} of ${originId}`;

/** The policy under which the package is assigned: the model's own, or one that exists and belongs to the package. */
function policyItem({ target: { accessPackage }, snapshot, records }: Context): ModelItem {
  const { policy, policyId } = accessPackage;
  const recordedId = records.package?.assignmentPolicyId;
  const isRecorded = snapshot.policies.some(({ id }) => id === recordedId);
  const knownId = policyId ?? (isRecorded ? recordedId : undefined);
  const found =
    knownId === undefined
      ? namedLike(policy?.displayName ?? '', snapshot.policies)
      : snapshot.policies.filter(({ id }) => id === knownId);
  const [one] = found;
  const id = one?.id;
  const about = policy?.displayName ?? policyId ?? '';
  const item = {
    ...({ part: 'policy', about, write: 'policy' } as const),
    ...{ id, ids: idsOf('assignmentPolicyId', id), policy: one },
  };
  if (!policy) return { ...item, difference: namedById(found, []) };
  const hasPackage = snapshot.packages.length > 0;
  const gone = hasPackage && isGone(id, recordedId, records.writeOf('policy'));
  const packageId = snapshot.packages[0]?.id;
  return {
    ...item,
    difference: differenceOf(found, gone, one ? policyDifferences(policy, one) : []),
    create: async (graph, { accessPackageId = '' }) => {
      const created = await graph.createAssignmentPolicy({ ...policy, packageId: accessPackageId });
      return { assignmentPolicyId: created.id };
    },
    // Replacing a policy that gives access by a rule of its own takes that access away.
    ...(one &&
      packageId !== undefined &&
      !one.automatic && {
        update: (graph) =>
          graph.replaceAssignmentPolicy({ ...policy, id: one.id, kept: one.kept, packageId }),
      }),
  };
}

function pairItems({ snapshot, records }: Context): ModelItem[] {
  return snapshot.pairs.flatMap(({ key, isOtherOurs, exclusions }) => {
    const item = { part: 'incompatible', about: key, isAlwaysOurs: isOtherOurs } as const;
    const write = `incompatible:${key}`;
    if (!exclusions) return [{ ...item, write, difference: { kind: 'pending' } as const }];
    if (exclusions instanceof GraphError) {
      return [{ ...item, write, difference: { kind: 'unreadable' as const, error: exclusions } }];
    }
    return exclusions.map(({ from, to, exists }, direction): ModelItem => {
      const name = direction === 0 ? write : `${write}:back`;
      const gone = isGone(undefined, undefined, records.writeOf(name));
      return {
        ...{ ...item, write: name },
        difference: exists ? undefined : { kind: gone ? 'gone' : 'missing' },
        create: async (graph) => {
          await graph.addIncompatible(from, to);
          return {};
        },
      };
    });
  });
}

/**
 * Whether it was seen once and is not there any more, or only another one in its place. What was written and never read
 * back may not have come to be: that is missing, not gone.
 */
function isGone(
  id: string | undefined,
  recordedId: string | undefined,
  write: RememberedWrite | undefined,
): boolean {
  if (recordedId !== undefined && id !== undefined) return id !== recordedId;
  const wasSeen = write ? write.state === 'seen' : recordedId !== undefined;
  return id === undefined && wasSeen;
}

function differenceOf(
  found: readonly object[],
  gone: boolean,
  members: string[] = [],
): Difference | undefined {
  if (found.length > 1) return { kind: 'ambiguous' };
  if (gone) return { kind: 'gone' };
  if (found.length === 0) return { kind: 'missing' };
  return members.length > 0 ? { kind: 'differs', members } : undefined;
}

function namedById(found: readonly object[], members: string[]): Difference | undefined {
  return found.length === 0 ? { kind: 'unknown-id' } : differenceOf(found, false, members);
}

function idsOf(name: keyof Ids, id: string | undefined): Ids {
  return id === undefined ? {} : { [name]: id };
}
