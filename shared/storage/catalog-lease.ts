import type { Outcome } from '../domain/workflow/outcome';
import type { Packages } from './packages';

/** What whoever writes to a catalog in Graph knows of its lease. */
export type HeldLease = {
  leaseUntil: Date;
  /** Answers until when it lasts now; undefined if anybody has had it since. */
  renewLease: () => Promise<Date | undefined>;
};

/** Acts under the lease of a catalog, taken and renewed for `ms` each time and given back in the end; `later` if another has it. */
export async function underLease<Done extends object>(
  packages: Packages,
  { catalogKey, holder, ms }: { catalogKey: string; holder: string; ms: number },
  act: (held: HeldLease) => Promise<Outcome<Done>>,
): Promise<Outcome<Done>> {
  const now = (): string => new Date().toISOString();
  const fromNow = (): Date => new Date(Date.now() + ms);
  const leaseUntil = fromNow();
  const lease = await packages.lease(catalogKey, holder, leaseUntil.toISOString(), now());
  if (!lease) return { kind: 'later', afterSeconds: 1, why: 'catalog-leased' };
  const renewLease = async (): Promise<Date | undefined> => {
    const until = fromNow();
    return (await lease.renew(until.toISOString())) ? until : undefined;
  };
  try {
    return await act({ leaseUntil, renewLease });
  } finally {
    await lease.end(now());
  }
}
