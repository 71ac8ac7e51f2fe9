import type { Catalog } from '../../domain/access-model/access-model';
import type { Failed, Later } from '../../domain/workflow/outcome';
import type { PackageDefinition } from '../../domain/access-model/package-definition';
import type { CatalogRecord, PackageMemory, PackageRecord } from '../../storage/package-record';
import type { Entitlements } from '../../graph/entitlements';
import type { RememberedRow } from './remembered-row';

/** The definition of one package, and the catalogs of the model, where its incompatible packages are found. */
export type WantedPackage = PackageDefinition & { catalogs: readonly Catalog[] };

export type EnsureOptions = {
  /** `verify-only` never writes to Graph: what is missing is a failure. */
  mode: 'ensure' | 'verify-only';
  /** Whether a package that is not ours may be given what it lacks: only where a person has seen the plan. */
  completes?: boolean;
  /** When the caller's lease on the catalog ends: no write begins that might outlive it. */
  leaseUntil: Date;
  /** Makes the lease last longer and answers until when; undefined if another has had it since. Unless given, it ends. */
  renewLease?: () => Promise<Date | undefined>;
  /** How long to wait for replicas that do not show a thing yet. */
  lagSeconds?: number;
  /** How long after a write its invisibility is put down to replicas, before it counts as gone. */
  visibleWithinSeconds?: number;
};

/** One execution: what is wanted, what we remember, and what this execution has written so far. */
export type Ensuring = {
  graph: Entitlements;
  wanted: WantedPackage;
  packageRow: RememberedRow<PackageRecord>;
  catalogRow: RememberedRow<CatalogRecord>;
  peer: PackageMemory['peer'];
  options: Required<EnsureOptions>;
  /** Whether what is missing may be made: not in a package that is not ours, nor when verifying only. */
  mayMake: boolean;
  written: { count: number };
};

/** Whether we made the package, or are about to: then what it lacks is ours to add. */
export function isOurs(record: PackageRecord | undefined): boolean {
  return record?.writes['package'] !== undefined;
}

export function failed(why: string): Failed {
  return { kind: 'failed', why };
}

/** Waits of different runs should not end together, so each is drawn from one to two times `lags` lags. */
export function notYetVisible({ options: { lagSeconds } }: Ensuring, lags = 1): Later {
  const afterSeconds = lagSeconds * lags * (1 + Math.random());
  return { kind: 'later', why: 'not-yet-visible', afterSeconds };
}

/** Whether something was written so lately that a replica may still deny it. */
export function wroteLately({ packageRow, catalogRow, options }: Ensuring): boolean {
  const writes = [
    ...Object.values(packageRow.now().writes),
    ...Object.values(catalogRow.now().writes),
  ];
  return writes.some(({ at }) => isRecent(at, options));
}

export function isRecent(at: string, options: Required<EnsureOptions>): boolean {
  return Date.now() - Date.parse(at) < options.visibleWithinSeconds * 1000;
}

/** What of an execution says how long its lease lasts. */
export type Leased = {
  graph: Pick<Entitlements, 'deadlineMs'>;
  options: Pick<Required<EnsureOptions>, 'leaseUntil' | 'renewLease'>;
};

/** A write that began now might outlive the caller's lease, and the next holder would not know of it. */
export async function tooLittleLease({ graph, options }: Leased): Promise<Later | undefined> {
  const isEnough = () => Date.now() + graph.deadlineMs <= options.leaseUntil.getTime();
  if (isEnough()) return undefined;
  options.leaseUntil = (await options.renewLease()) ?? options.leaseUntil;
  return isEnough() ? undefined : { kind: 'later', why: 'lease-too-short', afterSeconds: 1 };
}
