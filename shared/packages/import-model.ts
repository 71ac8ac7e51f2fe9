import {
  AccessPackage,
  Catalog,
  foldedName,
  Policy,
  Resource,
  type AccessModel,
} from '../domain/access-model/access-model';
import type * as answer from '../graph/answers';
import type { Entitlements } from '../graph/entitlements';
import { pauseAfter } from '../graph/errors';
import { mapConcurrent, retried } from '../promises';
import { meantBy, namedLike, policyDifferences } from './compare';

/** What is read of Graph. Nothing of it writes. */
export type CatalogReads = Pick<
  Entitlements,
  | 'findCatalogs'
  | 'resourcesOfCatalog'
  | 'findResourceRoles'
  | 'packagesOfCatalog'
  | 'getAccessPackage'
  | 'listAssignmentPolicies'
  | 'listIncompatible'
>;

/** What the tenant has and the model does not say; `about` is the display name of the catalog or package. */
export type ImportNote = { about: string; text: string };
export type ImportedModel = { model: AccessModel; notes: ImportNote[] };

/** There is no such catalog, there are several, or nothing in it can be said in a model. */
export class NotImported extends Error {
  override name = 'NotImported';
}

const AT_ONCE = 4;

/**
 * The access model of a catalog as Graph has it. Each package gets a rule that gives it to nobody, because a model needs
 * rules and Graph has none of them. A package of which the model could say only a part is left out, since applying that
 * part would not leave it as it is. Throws NotImported and GraphError.
 */
export async function importCatalog(
  graph: CatalogReads,
  displayName: string,
  onWait: (why: string) => void,
): Promise<ImportedModel> {
  const asked = <Answer>(act: () => Promise<Answer>) => retried(act, pauseAfter, onWait);
  const catalogs = meantBy(displayName, await asked(() => graph.findCatalogs(displayName)));
  const [found, ...others] = catalogs;
  if (!found) throw new NotImported(`there is no catalog "${displayName}"`);
  if (others.length > 0) throw new NotImported(`several catalogs are called "${displayName}"`);
  const notes: ImportNote[] = [];
  const catalog = catalogOf(found, notes);
  const roles = await rolesIn(graph, found.id, asked);
  const packages = await asked(() => graph.packagesOfCatalog(found.id));
  const read = await mapConcurrent(AT_ONCE, packages, ({ id }) =>
    asked(async () => ({
      found: await graph.getAccessPackage(id),
      policies: await graph.listAssignmentPolicies(id),
      incompatible: (await graph.listIncompatible(id)).map((other) => other.id),
    })),
  );
  const imported = importPackages(read, { catalog, roles }, notes);
  if (imported.length === 0)
    throw new NotImported(
      [`a model can say nothing of the catalog "${displayName}"`, ...notes.map(lineOf)].join('\n'),
    );
  const model: AccessModel = {
    ...{ version: 1, leadDays: 0, readyAt: '09:00', bridgeDays: 0 },
    timeZones: { default: 'Etc/UTC', byLocation: {} },
    catalogs: [catalog],
    accessPackages: imported,
    birthrights: imported.map(placeholderRule),
  };
  return { model, notes };
}

export const lineOf = ({ about, text }: ImportNote): string => `${about}: ${text}`;

/** Nobody has this attribute, and no two of these rules can give to one person. */
const placeholderRule = ({
  key,
  displayName,
}: AccessPackage): AccessModel['birthrights'][number] => ({
  id: key,
  description: `Placeholder: gives "${displayName}" to nobody. Say here who gets it.`.slice(
    0,
    1024,
  ),
  when: { attribute: 'replace-me', equals: key },
  packages: [key],
});

function catalogOf(found: answer.Catalog, notes: ImportNote[]): Catalog {
  const { displayName } = found;
  const labels = labelsOf(found, 'catalog', notes);
  if (!found.published)
    notes.push({
      about: displayName ?? '',
      text: 'it is not published; applying the model publishes it',
    });
  return Catalog.parse({ key: slugOf(labels.displayName, 'catalog'), ...labels });
}

type Labels = { displayName?: string | null | undefined; description?: string | null | undefined };

/** Text as a model has it: one line, and never empty. What applying the model would change of it is noted. */
function labelsOf(found: Labels, what: string, notes: ImportNote[]) {
  const name = oneLine(found.displayName, 256) ?? what;
  const description = oneLine(found.description, 1024) ?? name;
  if (name !== found.displayName || description !== found.description)
    notes.push({
      about: name,
      text: `the ${what} has no description of one line; applying the model sets it`,
    });
  return { displayName: name, description };
}

const oneLine = (text: string | null | undefined, most: number): string | undefined =>
  text?.replaceAll(/\s+/g, ' ').trim().slice(0, most).trim() || undefined;

type GrantedRole = { role: string; scope: string; resource: Resource };

/** All roles of the catalog's resources that a model can name. */
async function rolesIn(
  graph: CatalogReads,
  catalogId: string,
  asked: <Answer>(act: () => Promise<Answer>) => Promise<Answer>,
): Promise<GrantedRole[]> {
  const resources = await asked(() => graph.resourcesOfCatalog(catalogId));
  const all = await mapConcurrent(AT_ONCE, resources, async (resource) => {
    const expanded = resource.roles ?? [];
    const roles =
      expanded.length > 0
        ? expanded
        : await asked(() => graph.findResourceRoles(catalogId, resource));
    const root = resource.scopes?.find(({ isRootScope }) => isRootScope)?.originId;
    return roles.flatMap((role) => {
      const named = resourceOf(resource, role, roles);
      return named
        ? [{ role: role.originId ?? '', scope: root ?? resource.originId ?? '', resource: named }]
        : [];
    });
  });
  return all.flat();
}

function resourceOf(
  { originSystem, originId }: answer.CatalogResource,
  role: answer.ResourceRole,
  roles: readonly answer.ResourceRole[],
): Resource | undefined {
  const isNamed = roles.filter(({ displayName }) => displayName === role.displayName).length === 1;
  const name = isNamed ? role.displayName : role.originId;
  const isGroup = originSystem === 'AadGroup';
  return Resource.safeParse({
    originSystem,
    originId: originSystem === 'SharePointOnline' ? originId : originId?.toLowerCase(),
    role: isGroup ? role.originId?.split('_')[0] : name,
  }).data;
}

type ReadPackage = {
  found: answer.AccessPackage;
  policies: answer.AssignmentPolicy[];
  incompatible: string[];
};

function importPackages(
  read: readonly ReadPackage[],
  { catalog, roles }: { catalog: Catalog; roles: readonly GrantedRole[] },
  notes: ImportNote[],
): AccessPackage[] {
  const keys = new Set<string>(['lease']);
  const names = new Set<string>();
  const imported = new Map<string, AccessPackage>();
  for (const one of read) {
    const { displayName: about } = labelsOf(one.found, 'package', []);
    const leave = (text: string) => notes.push({ about, text: `left out: ${text}` });
    const resources = one.found.roleScopes.map((granted) =>
      roles.find(({ role, scope }) => role === granted.role && scope === granted.scope),
    );
    const named = resources.flatMap((resource) => resource?.resource ?? []);
    const access = policyOf(one, about, notes);
    if (named.length < resources.length) leave('it grants a role that a model cannot name');
    else if (named.length === 0) leave('it grants nothing');
    else if (!access) leave('it has no policy by which an administrator can assign it');
    else if (names.has(foldedName(about))) leave('another package has this name');
    else {
      const key = unusedKey(slugOf(about, 'package'), keys);
      const labels = labelsOf(one.found, 'package', notes);
      const details = { key, catalog: catalog.key, ...labels, resources: named, ...access };
      names.add(foldedName(about));
      imported.set(
        one.found.id,
        AccessPackage.parse({ ...details, ...(one.found.isHidden && { hidden: true }) }),
      );
    }
  }
  for (const one of read) excludePartners(one, read, imported, notes);
  return [...imported.values()];
}

/** One side of a pair is enough in a model, and means both. */
function excludePartners(
  { found, incompatible }: ReadPackage,
  read: readonly ReadPackage[],
  imported: ReadonlyMap<string, AccessPackage>,
  notes: ImportNote[],
): void {
  const own = imported.get(found.id);
  if (!own) return;
  for (const id of incompatible) {
    const other = imported.get(id);
    const about = own.displayName;
    if (!other) {
      notes.push({
        about,
        text: `it is incompatible with the package ${id}, which is not in the model`,
      });
      continue;
    }
    const isMutual = read.some((one) => one.found.id === id && one.incompatible.includes(found.id));
    if (!isMutual)
      notes.push({
        about,
        text: `it is incompatible with "${other.displayName}" in one direction; applying the model adds the other`,
      });
    if (!other.incompatibleWith.includes(own.key)) own.incompatibleWith.push(other.key);
  }
}

/**
 * The policy by which the package is assigned: described where a model can describe it whole, else by its id. A policy that
 * gives access by a rule of its own is none.
 */
function policyOf(
  { found, policies }: ReadPackage,
  about: string,
  notes: ImportNote[],
): Pick<AccessPackage, 'policy' | 'policyId' | 'adoptId'> | undefined {
  const byHand = policies.filter(({ automatic }) => !automatic);
  const described = byHand.flatMap((one) => {
    const policy = describedPolicy(one);
    const isOnly = policy && namedLike(policy.displayName, policies).length === 1;
    return policy && isOnly ? [{ one, policy }] : [];
  });
  const [first] = described;
  const used = first?.one ?? byHand[0];
  for (const other of policies) {
    if (other === used) continue;
    const kind = other.automatic ? 'gives access by a rule of its own' : 'is one of several';
    const text = `the policy "${other.displayName ?? other.id}" ${kind}, and is not in the model`;
    notes.push({ about, text });
  }
  if (first) {
    if (Object.keys(first.one.kept).length > 0)
      notes.push({
        about,
        text: 'its policy has reviews or notifications, which a model does not name and which stay',
      });
    return { policy: first.policy };
  }
  if (!used) return undefined;
  notes.push({
    about,
    text: `a model cannot describe its policy "${used.displayName ?? used.id}", so it is named by its id`,
  });
  return { policyId: used.id.toLowerCase(), adoptId: found.id.toLowerCase() };
}

/** The policy in the words of a model; undefined if these cannot say it as it is. */
function describedPolicy(found: answer.AssignmentPolicy): Policy | undefined {
  const { displayName, description, requestApprovalSettings: approval } = found;
  const { type, duration, endDateTime } = found.expiration ?? {};
  const kinds = ['noExpiration', 'afterDuration', 'afterDateTime'] as const;
  const kind = kinds.find((one) => one.toLowerCase() === type?.toLowerCase());
  const read = Policy.safeParse({
    ...{ displayName, description },
    expiration: {
      type: kind,
      ...(kind === 'afterDuration' && { duration }),
      ...(kind === 'afterDateTime' && { endDateTime }),
    },
    approval: approval?.isApprovalRequiredForAdd
      ? { required: true, stages: (approval.stages ?? []).map(stageOf) }
      : { required: false },
  }).data;
  return read && policyDifferences(read, found).length === 0 ? read : undefined;
}

type Stage = NonNullable<
  NonNullable<answer.AssignmentPolicy['requestApprovalSettings']>['stages']
>[number];

const stageOf = ({ durationBeforeAutomaticDenial, primaryApprovers }: Stage) => ({
  durationBeforeAutomaticDenial,
  primaryApprovers: (primaryApprovers ?? []).map((approver) =>
    Object.fromEntries(Object.entries(approver).filter(([, value]) => value != null)),
  ),
});

/** A key of a display name: its letters without accents, and hyphens. */
function slugOf(displayName: string, otherwise: string): string {
  const letters = displayName.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  const slug = letters.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return slug.slice(0, 56).replaceAll(/-+$/g, '') || otherwise;
}

function unusedKey(slug: string, used: Set<string>): string {
  let key = slug;
  for (let n = 2; used.has(key); n += 1) key = `${slug}-${n}`;
  used.add(key);
  return key;
}
