import { setTimeout as wait } from 'node:timers/promises';
import type { Outcome } from '../../shared/domain/workflow/outcome';
import { asOutcome } from '../../shared/graph/errors';
import { ensurePackage } from '../../shared/packages/ensure-package';
import { tooLittleLease, type WantedPackage } from '../../shared/packages/ensure/ensuring';
import type { Entitlements } from '../../shared/graph/entitlements';
import { underLease, type HeldLease } from '../../shared/storage/catalog-lease';
import type { Packages } from '../../shared/storage/packages';
import { forgetGone } from './forget-gone';
import { withLivingPeers } from './living-peers';
import { changesOf, isRefused } from './plan';
import { surveyPackage } from './survey';
import { updateParts } from './update-parts';

export type Applying = {
  graph: Entitlements;
  packages: Packages;
  /** Who holds the leases of the catalogs. */
  holder: string;
  lagSeconds: number;
  selected: ReadonlySet<string>;
  /** How long to go on with one package, in ms. */
  patienceMs: number;
  /** Told whenever it has to wait. */
  waiting: (packageKey: string, why: string) => void;
};

/** How one package ended: `whole`, `refused` with nothing done, or the code of what stood in the way. */
export type Applied = { package: string; outcome: string; graphRequestId?: string };

/** A lease in deadlines of one call, as in a run: renewed before a write, and soon over if this process dies. */
const LEASE_IN_CALLS = 2;
/** Replicas are given so many lags before what they do not show counts as gone. */
const VISIBLE_IN_LAGS = 30;

/**
 * Makes one package equal to the model: changes what differs, then has the code that runs use make what is missing and
 * verify the whole, under the same lease and rows. Killed and called again it goes on from what is there.
 */
export async function applyPackage(applying: Applying, wanted: WantedPackage): Promise<Applied> {
  const { key } = wanted.accessPackage;
  const end = Date.now() + applying.patienceMs;
  for (;;) {
    const outcome = await asOutcome(() => applyUnderLease(applying, wanted));
    if (outcome.kind === 'done') return { package: key, outcome: 'whole' };
    const { evidence } = outcome;
    const trace =
      evidence?.graphRequestId === undefined ? {} : { graphRequestId: evidence.graphRequestId };
    const code = outcome.kind === 'rejected' ? outcome.reason : outcome.why;
    if (outcome.kind !== 'later' || Date.now() > end)
      return { package: key, outcome: code, ...trace };
    applying.waiting(key, code);
    await wait(outcome.afterSeconds * 1000);
  }
}

function applyUnderLease(applying: Applying, wanted: WantedPackage): Promise<Outcome> {
  const { packages, graph, holder } = applying;
  const ms = LEASE_IN_CALLS * graph.deadlineMs;
  return underLease(packages, { catalogKey: wanted.catalog.key, holder, ms }, (held) =>
    applyOnce(applying, wanted, held),
  );
}

async function applyOnce(
  { packages, graph, lagSeconds, selected }: Applying,
  wanted: WantedPackage,
  held: HeldLease,
): Promise<Outcome> {
  const memory = () =>
    withLivingPeers(graph, packages.memory(wanted.catalog.key, wanted.accessPackage.key));
  const survey = await surveyPackage(graph, wanted, memory());
  const changes = changesOf(survey, selected);
  if (isRefused(changes)) return { kind: 'failed', why: 'refused' };
  const visibleWithinSeconds = VISIBLE_IN_LAGS * lagSeconds;
  if (changes.some(({ act }) => act !== 'nothing')) {
    const lost = await forgetGone(memory(), survey, visibleWithinSeconds);
    if (lost) return lost;
  }
  const options = {
    mode: 'ensure' as const,
    completes: true,
    lagSeconds,
    visibleWithinSeconds,
    ...held,
  };
  const changed = await updateParts(graph, wanted, survey, () =>
    tooLittleLease({ graph, options }),
  );
  if ('kind' in changed) return changed;
  const outcome = await ensurePackage(graph, wanted, memory(), options);
  const why = outcome.kind === 'failed' ? outcome.why : '';
  // A replica that has not got the change yet is no drift; and what counts as gone only since our look is let go of by the next.
  const stale = (changed.updated > 0 && why.startsWith('drift:')) || why.endsWith('-gone');
  return stale ? { kind: 'later', why: 'not-yet-visible', afterSeconds: lagSeconds } : outcome;
}
