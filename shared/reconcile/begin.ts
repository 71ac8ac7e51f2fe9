import { packageDefinition } from '../domain/access-model/access-model';
import { ReconcileOptions, ReconcileRun } from '../domain/workflow/activities';
import { eventRunOf } from '../domain/workflow/claim';
import type { Outcome } from '../domain/workflow/outcome';
import { START_OF_CHAIN, type ChainEnd } from '../domain/workflow/run';
import type { LoadedModel } from '../config/load-model';
import { runColumns, writerColumns, type AuditWriter } from '../events/audit-context';
import { closeEvent, leaveClosed } from '../events/close';
import { asOutcome } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import type { Log } from '../log';
import { runs, type Claims, type Execution } from '../storage/claims';
import type { Due } from '../storage/due';
import type { Packages } from '../storage/packages';
import type { ScopeRow, Staging } from '../storage/staging';

export type BeginServices = AuditWriter & {
  claims: Claims;
  due: Pick<Due, 'cancel'>;
  staging: Staging;
};

/** A plan is too old to be carried out after so long: another run looks again. */
export const DECIDED_WITHIN_MS = 24 * 3_600_000;

/** Seconds until a decision looks again whether the run that is under way has ended. */
const LOOK_AGAIN_SECONDS = 15;

/**
 * Makes this execution the run of its attempt, and the only one that reconciles. Rejected if it is late, or if another run
 * reconciles: then the attempt is closed as `superseded`. A decision about a brake waits for the other run instead: nobody
 * would ask for it again. Idempotent.
 */
export async function beginReconciliation(
  services: BeginServices,
  { at, ...execution }: Execution & { instanceId: string; version?: number; at: string },
  log: Log,
): Promise<{ outcome: Outcome<{ run: ReconcileRun }>; chain?: ChainEnd }> {
  const { claims, staging, ledger } = services;
  const claim = await claims.start(execution, new Date().toISOString());
  if (claim?.state !== 'started' || !runs(claim, execution)) {
    await leaveClosed(services, execution);
    return { outcome: STALE };
  }
  const event = eventRunOf(claim, execution.token);
  const asked = await staging.asked(claim.eventHash);
  const options = ReconcileOptions.parse(asked ?? {});
  const { decision, packageKey } = options;
  const goesOn = decision !== undefined;
  const generation = await staging.acquire(execution.instanceId, claims.isOver, goesOn);
  if (generation === undefined && goesOn)
    return {
      outcome: {
        ...{ kind: 'later' as const, afterSeconds: LOOK_AGAIN_SECONDS, why: 'another-run' },
        until: new Date(Date.parse(at) + DECIDED_WITHIN_MS).toISOString(),
      },
    };
  if (generation === undefined) {
    const { chain } = await ledger.endOf(claim.eventHash, claim.attempt);
    const ending = { outcome: 'superseded', reason: 'another-run' } as const;
    await closeEvent(services, { run: event, chain, at, ...ending }, log);
    return { outcome: STALE };
  }
  const [, id = ''] = claim.fact.eventId.split('@');
  const run = ReconcileRun.parse({
    ...event,
    ...{ generation, at, options },
    // The next attempt at the same event may ask for what this one has asked for.
    id: claim.attempt === 1 || decision ? id : `${id}-${claim.attempt}`,
  });
  const entry = {
    ...runColumns(run),
    ...writerColumns(services),
    kind: 'intended',
    state: 'started',
    step: 'plan',
    packageKey,
    ...decisionColumns(run),
  } as const;
  const { chain } = await ledger.append(START_OF_CHAIN, entry, at);
  return { outcome: { kind: 'done', run }, chain };
}

const STALE = { kind: 'rejected', reason: 'stale' } as const;

/** The columns of the rows of a decision about a brake. */
export const decisionColumns = ({ options: { decision } }: ReconcileRun) =>
  decision && { brake: decision.brake, decidedBy: decision.by, decisionReason: decision.reason };

export type PrepareServices = {
  model: () => LoadedModel;
  graph: Pick<Entitlements, 'tenantId'>;
  packages: Pick<Packages, 'load'>;
  staging: Staging;
};

const CLEAR_MS = 20_000;

/**
 * Removes what the run before has staged, and names the lists to read: the directory first, then what
 * counts against the limits of Entra, then each package of the model. Another tenant than that of the first run fails: its
 * lists would look like an outage of everything. So does a run for one package that the model lacks: nobody holds it.
 */
export async function prepareStaging(
  { model, graph, packages, staging }: PrepareServices,
  { generation, options }: ReconcileRun,
): Promise<Outcome<{ isReady: boolean }>> {
  return asOutcome(async (): Promise<Outcome<{ isReady: boolean }>> => {
    const tenantId = await graph.tenantId();
    if (tenantId === undefined || !(await staging.isPinned(tenantId)))
      return { kind: 'failed', why: 'other-tenant' };
    const { accessPackages } = model().model;
    const { packageKey: only } = options;
    const read = accessPackages.map(({ key }) => key).filter((key) => (only ?? key) === key);
    if (only !== undefined && read.length === 0) return { kind: 'failed', why: 'unknown-package' };
    const isClear = await staging.clearBefore(generation, Date.now() + CLEAR_MS);
    if (!isClear) return { kind: 'done', isReady: false };
    const lists = ['directory', ...COUNTED] as const;
    for (const [index, kind] of lists.entries())
      await staging.putScope(generation, index, blankScope(kind));
    for (const [index, packageKey] of read.entries()) {
      const catalog = packageDefinition(model().model, packageKey)?.catalog.key;
      const record = catalog === undefined ? undefined : await packages.load(catalog, packageKey);
      const scope = { ...blankScope('package'), packageKey, packageId: record?.accessPackageId };
      await staging.putScope(generation, lists.length + index, scope);
    }
    return { kind: 'done', isReady: true };
  });
}

/** The lists of the tenant that count against a limit of Entra. */
const COUNTED = ['packages', 'policies', 'requests'] as const;

export const blankScope = (kind: ScopeRow['kind']): ScopeRow => ({
  ...{ kind, state: 'reading', holders: 0, pages: 0, batches: [], automatic: [], drift: [] },
});
