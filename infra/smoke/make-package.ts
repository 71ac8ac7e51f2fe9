import { AccessPackage } from '../../shared/domain/access-model/access-model';
import type { EnsuredPackage } from '../../shared/packages/apply';
import { ensurePackage } from '../../shared/packages/ensure';
import type { PackageTarget } from '../../shared/packages/inspect';
import type { CatalogRecord, PackageRecord, Slot } from '../../shared/storage/packages';
import { until, type Patience } from './patience';
import type { SmokeGraph } from './smoke-graph';

const description = 'Throwaway object of a smoke run of Joinery; may be deleted.';

/** A package that gives membership of one group, by a policy like those that Joinery makes in earnest. */
const targetOf = (name: string, groupId: string): PackageTarget => {
  const catalog = { key: 'smoke', displayName: name, description };
  const accessPackage = AccessPackage.parse({
    key: 'smoke',
    catalog: 'smoke',
    displayName: name,
    description,
    hidden: true,
    resources: [{ originSystem: 'AadGroup', originId: groupId, role: 'Member' }],
    policy: {
      displayName: name,
      description,
      expiration: { type: 'afterDuration', duration: 'P1D' },
      approval: { required: false },
    },
  });
  return { accessPackage, catalog, catalogs: [catalog], incompatible: [], version: name };
};

const remembered = <Row>(): Slot<Row> => {
  let row: Row | undefined;
  return {
    load: () => Promise.resolve(row),
    save: (next) => {
      row = next;
      return Promise.resolve('saved');
    },
  };
};

/** Makes catalog, resource, package, role and policy as the app does, by the same code. */
export async function makePackage(
  { product }: SmokeGraph,
  name: string,
  groupId: string,
  patience: Patience,
): Promise<EnsuredPackage> {
  const memory = {
    package: remembered<PackageRecord>(),
    catalog: remembered<CatalogRecord>(),
    peer: () => Promise.resolve(undefined),
  };
  const options = {
    mode: 'create' as const,
    leaseUntil: new Date(Date.now() + patience.deadlineMs + product.deadlineMs),
  };
  return until('the package', patience, async () => {
    const outcome = await ensurePackage(product, targetOf(name, groupId), memory, options);
    if (outcome.kind === 'done') return outcome;
    if (outcome.kind === 'later') return undefined;
    const why = outcome.kind === 'failed' ? outcome.why : outcome.reason;
    const codes = outcome.evidence?.errorCode ?? '';
    throw new Error(`the package was not made: ${why} ${codes}`.trimEnd());
  });
}
