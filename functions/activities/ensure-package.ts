import { activities } from '../../shared/domain/workflow/activities';
import type { PackageIds } from '../../shared/domain/workflow/workflow-state';
import type { Outcome } from '../../shared/domain/workflow/outcome';
import { packageDefinition } from '../../shared/domain/access-model/package-definition';
import type { PackageRecord } from '../../shared/storage/package-record';
import { ensurePackage } from '../../shared/packages/ensure-package';
import { underLease } from '../../shared/storage/catalog-lease';
import type { Services } from '../services';
import { registerActivity } from './activity';
import { recordIntent, stepColumns } from '../../shared/events/audit-context';

/** The lease of a catalog in deadlines of one call: renewed before a write that it might not last for, and soon over after a crash. */
const LEASE_IN_CALLS = 2;
/** How long this process trusts that a package which was whole still is. */
const WHOLE_FOR_MS = 60_000;

/** Makes the package whole, or finds that it is; a package that is known to be whole costs no call to Graph. */
export function registerEnsurePackage(services: Services): void {
  const making = new Map<string, Promise<Outcome<{ ids: PackageIds }>>>();

  /** Everybody in this process who needs the same package waits for the same making of it. */
  const ensureOnce = (packageKey: string, holder: string) => {
    const shared = making.get(packageKey);
    if (shared) return shared;
    const running = ensure(services, packageKey, holder);
    making.set(packageKey, running);
    const forget = () => making.delete(packageKey);
    running.then(({ kind }) => {
      if (kind === 'done') setTimeout(forget, WHOLE_FOR_MS).unref();
      else forget();
    }, forget);
    return running;
  };

  registerActivity(activities.ensurePackage, async (input, guard) => {
    let chain = input.intentRecorded ? input.chain : await recordIntent(services, input, 'ensure');
    const outcome = await guard(async () => {
      const ensured = await ensureOnce(input.step.packageKey, input.run.instanceId);
      if (ensured.kind === 'done') {
        const columns = stepColumns(services, { ...input, ids: ensured.ids });
        const entry = { ...columns, kind: 'settled', step: 'ensure', outcome: 'whole' } as const;
        chain = (await services.ledger.append(chain, entry, input.at)).chain;
      }
      return ensured;
    });
    return { chain, outcome };
  });
}

/** `holder` is the run: killed and executed again, it has its lease still, and nobody waits for the lease to run out. */
async function ensure(
  services: Services,
  packageKey: string,
  holder: string,
): Promise<Outcome<{ ids: PackageIds }>> {
  const { packages, graph, config } = services;
  const { model } = services.model();
  const wanted = packageDefinition(model, packageKey);
  if (!wanted) return { kind: 'failed', why: 'package-not-in-model' };
  const catalogKey = wanted.catalog.key;
  const known = idsOf(await packages.load(catalogKey, packageKey), wanted.version);
  if (known) return { kind: 'done', ids: known };

  const ms = LEASE_IN_CALLS * graph.deadlineMs;
  return underLease(packages, { catalogKey, holder, ms }, async (held) => {
    const memory = packages.memory(catalogKey, packageKey);
    const options = { mode: config.packages, lagSeconds: config.graph.lagSeconds, ...held };
    const definition = { ...wanted, catalogs: model.catalogs };
    const outcome = await ensurePackage(graph, definition, memory, options);
    if (outcome.kind !== 'done') return outcome;
    const { accessPackageId, catalogId, assignmentPolicyId } = outcome;
    return { kind: 'done', ids: { accessPackageId, catalogId, assignmentPolicyId } };
  });
}

function idsOf(record: PackageRecord | undefined, version: string): PackageIds | undefined {
  if (record?.state !== 'whole' || record.version !== version) return undefined;
  const { accessPackageId, catalogId, assignmentPolicyId } = record;
  if (!accessPackageId || !catalogId || !assignmentPolicyId) return undefined;
  return { accessPackageId, catalogId, assignmentPolicyId };
}
