import { catalogKeyOf, packageDefinition } from '../domain/access-model/access-model';
import type { Answer } from '../domain/workflow/activities';
import type { Outcome } from '../domain/workflow/outcome';
import type { PackageIds, PolicyInForce } from '../domain/lifecycle/plan';
import {
  recordEnsured,
  recordIntent,
  type AuditContext,
  type AuditWriter,
} from '../events/audit-context';
import type { Entitlements } from '../graph/entitlements';
import { asOutcome, emptyOn404 } from '../graph/errors';
import { inScope } from '../graph/permissions';
import {
  COMPLETE_FOR_MS,
  underLease,
  type PackageMemory,
  type PackageRecord,
  type Packages,
} from '../storage/packages';
import { applyPackage, type ApplyOptions, type EnsuredPackage } from './apply';
import type { PackageTarget } from './inspect';

/** The lease of a catalog in deadlines of one call: renewed before a write that it might not last for, and soon over after a crash. */
export const LEASE_IN_CALLS = 2;

type Services = AuditWriter & {
  config: { packages: 'ensure' | 'verify-only'; graph: { lagSeconds: number } };
  packages: Packages;
  graph: Entitlements;
};

/** The policy is read as it is in force, not as the model has it; undefined if Graph does not show it yet. */
export type KnownPackage = { ids: PackageIds; policy?: PolicyInForce | undefined };
type Ensured = Outcome<KnownPackage>;

/**
 * Ensures the package of a step for a run: it is created, or found as the model says, and the audit rows say so. In one
 * process, all who need the same package wait for the same execution. `guard` turns what is thrown after the first row
 * into an outcome, so that the chain's end is answered.
 */
export function createPackageEnsurer(services: Services) {
  const running = new Map<string, Promise<Ensured>>();
  const { known, remember } = createKnownPackages(services);

  const ensure = async (packageKey: string, holder: string): Promise<Ensured> => {
    const found = await known(packageKey);
    if (found) return { kind: 'done', ...found };
    const made = await ensureFromModel(services, packageKey, holder);
    const ensured = made.kind === 'done' ? await withPolicy(services, packageKey, made.ids) : made;
    if (ensured.kind === 'done') void remember(packageKey, Promise.resolve(ensured));
    return ensured;
  };
  const ensureOnce = (packageKey: string, holder: string): Promise<Ensured> => {
    const shared = running.get(packageKey);
    if (shared) return shared;
    const ensuring = ensure(packageKey, holder);
    running.set(packageKey, ensuring);
    const remove = () => running.delete(packageKey);
    ensuring.then(remove, remove);
    return ensuring;
  };

  return {
    /** The package if it is complete by our record, which needs neither a lease nor a write. */
    known,

    ensure: async (
      context: AuditContext & { intentRecorded: boolean },
      guard: (act: () => Promise<Ensured>) => Promise<Ensured>,
    ): Promise<Answer<KnownPackage>> => {
      let chain = context.intentRecorded
        ? context.chain
        : await recordIntent(services, context, 'ensure');
      const outcome = await guard(async () => {
        const ensured = await ensureOnce(context.step.packageKey, context.run.instanceId);
        if (ensured.kind === 'done')
          chain = await recordEnsured(services, { ...context, chain }, ensured);
        return ensured;
      });
      return { chain, outcome };
    },
  };
}

/** Complete packages, each asked of our record once a minute by a process, whoever asks. */
function createKnownPackages(services: Services) {
  const found = new Map<string, Promise<KnownPackage | undefined>>();
  /** Another model may ask for other ids. */
  const idOf = (packageKey: string): string => `${packageKey} ${services.model().hash}`;
  const remember = (packageKey: string, reading: Promise<KnownPackage | undefined>) => {
    const id = idOf(packageKey);
    found.set(id, reading);
    const forget = () => {
      if (found.get(id) === reading) found.delete(id);
    };
    reading.then((known) => {
      if (known) setTimeout(forget, COMPLETE_FOR_MS).unref();
      else forget();
    }, forget);
    return reading;
  };
  const read = async (packageKey: string): Promise<KnownPackage | undefined> => {
    const definition = packageDefinition(services.model().model, packageKey);
    if (!definition) return undefined;
    const record = await services.packages.recall(definition.catalog.key, packageKey);
    const ids = completeIds(record, definition.version);
    const ensured = ids && (await withPolicy(services, packageKey, ids));
    return ensured?.kind === 'done' ? { ids: ensured.ids, policy: ensured.policy } : undefined;
  };
  return {
    remember,
    known: (packageKey: string) =>
      found.get(idOf(packageKey)) ?? remember(packageKey, read(packageKey)),
  };
}

async function withPolicy(
  { graph, model }: Services,
  packageKey: string,
  ids: PackageIds,
): Promise<Ensured> {
  const catalog = catalogKeyOf(model().model, packageKey);
  return asOutcome(() =>
    inScope({ catalog }, async (): Promise<Ensured> => {
      const [policy] = await emptyOn404(graph.policyInForce(ids.assignmentPolicyId));
      if (!policy) return { kind: 'done', ids };
      const { approval, schedule } = policy;
      return { kind: 'done', ids, policy: { approval, schedule } };
    }),
  );
}

/** `holder` is the run: killed and executed again, it has its lease still, and nobody waits for the lease to run out. */
async function ensureFromModel(
  { packages, graph, config, model }: Services,
  packageKey: string,
  holder: string,
): Promise<Outcome<{ ids: PackageIds }>> {
  const { model: rules } = model();
  const definition = packageDefinition(rules, packageKey);
  if (!definition) return { kind: 'failed', why: 'package-not-in-model' };
  const catalogKey = definition.catalog.key;
  const ms = LEASE_IN_CALLS * graph.deadlineMs;
  return underLease(packages, { catalogKey, holder, ms }, async (lease) => {
    const target = { ...definition, catalogs: rules.catalogs };
    const mode = config.packages === 'ensure' ? ('create' as const) : config.packages;
    const options = { mode, lagSeconds: config.graph.lagSeconds, ...lease };
    const memory = packages.memory(catalogKey, packageKey);
    const outcome = await inScope({ catalog: catalogKey }, () =>
      ensurePackage(graph, target, memory, options),
    );
    if (outcome.kind !== 'done') return outcome;
    const { accessPackageId, catalogId, assignmentPolicyId } = outcome;
    return { kind: 'done', ids: { accessPackageId, catalogId, assignmentPolicyId } };
  });
}

/** `applyPackage`, at no call to Graph once our row says that this version is complete. The caller holds the lease. */
export async function ensurePackage(
  graph: Entitlements,
  target: PackageTarget,
  memory: PackageMemory,
  options: ApplyOptions,
): Promise<Outcome<EnsuredPackage>> {
  const record = await memory.package.load();
  const ids = completeIds(record, target.version);
  if (ids) return { kind: 'done', ...ids, adopted: record?.adopted === true };
  return applyPackage(graph, target, memory, options);
}

function completeIds(record: PackageRecord | undefined, version: string): PackageIds | undefined {
  if (record?.state !== 'complete' || record.version !== version) return undefined;
  const { accessPackageId, catalogId, assignmentPolicyId } = record;
  if (!accessPackageId || !catalogId || !assignmentPolicyId) return undefined;
  return { accessPackageId, catalogId, assignmentPolicyId };
}
