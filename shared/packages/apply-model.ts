import { setTimeout as wait } from 'node:timers/promises';
import { type AccessModel, packageDefinition } from '../domain/access-model/access-model';
import type { Outcome } from '../domain/workflow/outcome';
import { asOutcome } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import { underLease, type Packages } from '../storage/packages';
import { applyPackage } from './apply';
import { LEASE_IN_CALLS } from './ensure';
import type { PackageTarget } from './inspect';
import { changesOf, reportPackage, type Change } from './plan';

/** How long to go on with one package. */
const RETRY_BUDGET_MS = 5 * 60_000;
/** Replicas are given so many lags before what they do not show counts as gone. */
const VISIBLE_IN_LAGS = 30;

type Services = { graph: Entitlements; packages: Packages };

/** The packages of the model with these keys; all of them if there are none. */
export function targetsOf(model: AccessModel, only: readonly string[]): PackageTarget[] {
  return model.accessPackages
    .filter(({ key }) => only.length === 0 || only.includes(key))
    .flatMap(({ key }) => packageDefinition(model, key) ?? [])
    .map((definition) => ({ ...definition, catalogs: model.catalogs }));
}

/** What `applyModel` would do. Writes nothing. Throws `GraphError`. */
export async function planModel(
  { graph, packages }: Services,
  targets: readonly PackageTarget[],
): Promise<Change[]> {
  const selected = new Set(targets.map(({ accessPackage }) => accessPackage.key));
  const changes: Change[] = [];
  for (const target of targets) {
    const memory = packages.memory(target.catalog.key, target.accessPackage.key);
    changes.push(...changesOf(await reportPackage(graph, target, memory), selected));
  }
  return changes;
}

/** How one package ended: `complete`, `refused` with nothing done, or the code of what stood in the way. */
export type Applied = { package: string; outcome: string; graphRequestId?: string };

export type ApplyModelOptions = {
  /** Who holds the leases of the catalogs. */
  holder: string;
  lagSeconds: number;
  /** Called whenever a package has to wait. */
  onWait: (packageKey: string, why: string) => void;
};

/**
 * Makes one package equal to the model under the lease and rows that runs use too. Killed and called again, it goes on
 * from what exists.
 */
export async function applyTarget(
  services: Services,
  target: PackageTarget,
  options: ApplyModelOptions,
): Promise<Applied> {
  const { key } = target.accessPackage;
  const end = Date.now() + RETRY_BUDGET_MS;
  for (;;) {
    const outcome = await asOutcome(() => applyOnce(services, target, options));
    if (outcome.kind === 'done') return { package: key, outcome: 'complete' };
    const code = outcome.kind === 'rejected' ? outcome.reason : outcome.why;
    if (outcome.kind !== 'later' || Date.now() > end) {
      const graphRequestId = outcome.evidence?.graphRequestId;
      return {
        package: key,
        outcome: code,
        ...(graphRequestId !== undefined && { graphRequestId }),
      };
    }
    options.onWait(key, code);
    await wait(outcome.afterSeconds * 1000);
  }
}

function applyOnce(
  { graph, packages }: Services,
  target: PackageTarget,
  { holder, lagSeconds }: ApplyModelOptions,
): Promise<Outcome> {
  const { catalog, accessPackage } = target;
  // As in a run: renewed before a write, and soon over if this process dies.
  const ms = LEASE_IN_CALLS * graph.deadlineMs;
  return underLease(packages, { catalogKey: catalog.key, holder, ms }, (lease) => {
    const memory = packages.memory(catalog.key, accessPackage.key);
    const visibleWithinSeconds = VISIBLE_IN_LAGS * lagSeconds;
    const options = { mode: 'update' as const, lagSeconds, visibleWithinSeconds, ...lease };
    return applyPackage(graph, target, memory, options);
  });
}
