import type { Outcome } from '../domain/workflow/outcome';
import type { PackageMemory, PackageRecord } from '../storage/package-record';
import { ensureAccessPackage, findPackage } from './ensure/ensure-access-package';
import { ensureCatalog } from './ensure/ensure-catalog';
import { ensureIncompatible } from './ensure/ensure-incompatible';
import { ending } from './ensure/ensure-part';
import { ensurePolicy } from './ensure/ensure-policy';
import { ensureResources } from './ensure/ensure-resources';
import { ensureRoleScopes } from './ensure/ensure-role-scopes';
import type { EnsureOptions, Ensuring, WantedPackage } from './ensure/ensuring';
import { isOurs } from './ensure/ensuring';
import { rememberedRow } from './ensure/remembered-row';
import type { Entitlements } from '../graph/entitlements';

/** A package that is whole, by its ids. `adopted` if it existed and nothing of it was made by us. */
export type EnsuredPackage = {
  accessPackageId: string;
  catalogId: string;
  assignmentPolicyId: string;
  adopted: boolean;
  graphRequestId?: string;
};

/**
 * Makes one access package whole, or verifies that it is: catalog, resources, package, role scopes, policy and
 * incompatible packages. What exists and equals the definition is adopted. What is missing is made only in a package
 * of our own (or, under `completes`, in any), once our row says that we are making this version; anything else is
 * `failed`, by a code that names what differs, and nothing that exists is ever changed. Once whole, a version costs no call. To be called again after `later`; the caller holds the lease on the catalog.
 *
 * Codes of failure: `drift:<members>`, `<part>-missing`, `<part>-gone`, `<part>-ambiguous`, and those of `classify`.
 */
export async function ensurePackage(
  graph: Entitlements,
  wanted: WantedPackage,
  memory: PackageMemory,
  options: EnsureOptions,
): Promise<Outcome<EnsuredPackage>> {
  const ensuring = await begin(graph, wanted, memory, options);
  const warm = wholePackage(ensuring.packageRow.now(), wanted.version);
  if (warm) return { kind: 'done', ...warm };
  try {
    // The round that finds everything and makes nothing is the proof that the package is whole.
    for (;;) {
      const before = ensuring.written.count;
      const outcome = await ensureRound(ensuring);
      if (outcome.kind !== 'done') return outcome;
      if (ensuring.written.count === before) return await finish(ensuring, outcome);
    }
  } catch (error) {
    return ending(ensuring, error);
  }
}

async function begin(
  graph: Entitlements,
  wanted: WantedPackage,
  memory: PackageMemory,
  options: EnsureOptions,
): Promise<Ensuring> {
  const blank: PackageRecord = { state: 'making', version: '', adopted: false, writes: {} };
  const packageRow = await rememberedRow(memory.package, blank);
  const mayMake =
    options.mode === 'ensure' &&
    (options.completes === true ||
      (wanted.accessPackage.adoptId === undefined && !packageRow.now().adopted));
  return {
    graph,
    wanted,
    packageRow,
    catalogRow: await rememberedRow(memory.catalog, { writes: {} }),
    peer: memory.peer,
    options: {
      lagSeconds: 2,
      visibleWithinSeconds: 300,
      completes: false,
      renewLease: () => Promise.resolve(undefined),
      ...options,
    },
    mayMake,
    written: { count: 0 },
  };
}

function wholePackage(record: PackageRecord, version: string): EnsuredPackage | undefined {
  const { state, adopted, accessPackageId, catalogId, assignmentPolicyId } = record;
  if (state !== 'whole' || record.version !== version) return undefined;
  if (!accessPackageId || !catalogId || !assignmentPolicyId) return undefined;
  return { accessPackageId, catalogId, assignmentPolicyId, adopted };
}

async function ensureRound(start: Ensuring): Promise<Outcome<Omit<EnsuredPackage, 'adopted'>>> {
  const catalog = await ensureCatalog(start);
  if (catalog.kind !== 'done') return catalog;
  const catalogId = catalog.found.id;

  const existing = await findPackage(start, catalogId);
  const notOurs = existing.length > 0 && !isOurs(start.packageRow.now());
  const ensuring = notOurs && !start.options.completes ? { ...start, mayMake: false } : start;

  const resources = await ensureResources(ensuring, catalogId);
  if (resources.kind !== 'done') return resources;
  const accessPackage = await ensureAccessPackage(ensuring, catalogId, existing);
  if (accessPackage.kind !== 'done') return accessPackage;
  const { id: accessPackageId, graphRequestId } = accessPackage.found;

  const roleScopes = await ensureRoleScopes(ensuring, accessPackage.found, resources.roles);
  if (roleScopes.kind !== 'done') return roleScopes;
  const policy = await ensurePolicy(ensuring, accessPackageId);
  if (policy.kind !== 'done') return policy;
  const incompatible = await ensureIncompatible(ensuring, accessPackageId);
  if (incompatible.kind !== 'done') return incompatible;

  const assignmentPolicyId = policy.found.id;
  return { kind: 'done', accessPackageId, catalogId, assignmentPolicyId, graphRequestId };
}

async function finish(
  ensuring: Ensuring,
  whole: Omit<EnsuredPackage, 'adopted'>,
): Promise<Outcome<EnsuredPackage>> {
  const { packageRow, wanted } = ensuring;
  const { accessPackageId, catalogId, assignmentPolicyId } = whole;
  const adopted = !isOurs(packageRow.now());
  const lost = await packageRow.change({
    state: 'whole',
    version: wanted.version,
    adopted,
    accessPackageId,
    catalogId,
    assignmentPolicyId,
  });
  return lost ?? { kind: 'done', ...whole, adopted };
}
