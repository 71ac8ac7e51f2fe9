import { addIncompatible, removeIncompatible, requirePackage } from '../services/packages';
import { invalidModel } from '../errors';
import type { Answer, Call, Operation } from '../http/call';
import type { Routes } from '../http/route-tree';
import { checkBody } from '../odata/check-body';
import { list, type Dialect, type Entity, type Listing } from '../odata/entities';
import { guidAt, text } from '../odata/read';
import type { AccessPackage } from '../state/rows';
import type { Placed } from '../state/table';

/** How a dialect shows packages, and where: its `root` is what the address of a package starts with. */
export type Packages = {
  dialect: Dialect;
  root: string;
  entity: Entity<AccessPackage>;
  filterable: Listing<AccessPackage>['filterable'];
};

/**
 * Incompatible packages, which v1.0 and beta have alike but for how a package reads.
 * docs: https://learn.microsoft.com/graph/api/accesspackage-post-incompatibleaccesspackage and its neighbours
 */
export function incompatibleRoutes(packages: Packages): Routes {
  const at = `${packages.root}/accessPackages/{}`;
  return {
    [`${at}/incompatibleAccessPackages`]: { GET: listIncompatible(packages) },
    [`${at}/incompatibleAccessPackages/$ref`]: {
      POST: postIncompatible(packages),
      DELETE: deleteIncompatible(packages),
    },
    [`${at}/incompatibleAccessPackages/{}/$ref`]: { DELETE: deleteIncompatible(packages) },
    [`${at}/accessPackagesIncompatibleWith`]: { GET: listIncompatibleWith(packages) },
  };
}

export const listIncompatible =
  (packages: Omit<Packages, 'root'>): Operation =>
  (call) => {
    const { incompatibleWith } = packageAt(call);
    return linked(packages, call, () =>
      incompatibleWith.flatMap((other, index) => {
        const row = call.tenant.tables.accessPackages.get(other, call.view);
        return row === undefined ? [] : [{ row, order: index + 1 }];
      }),
    );
  };

const listIncompatibleWith =
  (packages: Packages): Operation =>
  (call) => {
    const { id: own } = packageAt(call);
    return linked(packages, call, () =>
      call.tenant.tables.accessPackages.find('incompatibleWith', own, call.view),
    );
  };

const linked = (
  { dialect, entity, filterable }: Omit<Packages, 'root'>,
  call: Call,
  candidates: () => Placed<AccessPackage>[],
): Answer => list(dialect, entity, { filterable, candidates }, call);

const postIncompatible =
  ({ dialect, root }: Packages): Operation =>
  (call) => {
    const link = text(checkBody(dialect.model, 'reference', call.body ?? {}), '@odata.id');
    addIncompatible(call.tenant, call.view, guidAt(call), referred(call, root, link));
    return { status: 204 };
  };

const deleteIncompatible =
  ({ root }: Packages): Operation =>
  (call) => {
    const link = call.query.get('@id');
    const other = link === null ? guidAt(call, 1) : referred(call, root, link);
    removeIncompatible(call.tenant, call.view, guidAt(call), other);
    return { status: 204 };
  };

/** The package that an `@odata.id` of this service names: its absolute address, nothing else. */
function referred(call: Call, root: string, link: string): string {
  const start = `${call.origin}${root}/accessPackages/`;
  const other = link.startsWith(start) ? link.slice(start.length) : '';
  if (!/^[0-9a-f-]{36}$/i.test(other)) {
    throw invalidModel('@odata.id must be the address of an access package of this service.');
  }
  return other.toLowerCase();
}

const packageAt = (call: Call): AccessPackage =>
  requirePackage(call.tenant, call.view, guidAt(call));
