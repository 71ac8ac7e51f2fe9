import {
  addIncompatible,
  createPackage,
  removeIncompatible,
  requirePackage,
} from '../../acts/packages';
import { invalidModel } from '../../errors';
import type { Answer, Call } from '../../http/call';
import { list, made, one, type Listing } from '../../odata/entities';
import type { AccessPackage } from '../../state/rows';
import type { Placed } from '../../state/table';
import { bodyOf, guidAt, root, v1 } from '../dialect';
import { accessPackage } from '../entities/catalogs';
import { flag, id, object, optionalText, text } from '../../odata/read';

const filterable: Listing<AccessPackage>['filterable'] = {
  id: { is: 'guid', value: (row) => row.id },
  displayName: { is: 'text', value: (row) => row.displayName },
  'catalog/id': { is: 'guid', value: (row) => row.catalogId },
};

const packages: Listing<AccessPackage> = {
  filterable,
  candidates: ({ tenant, view }, equals) => {
    const name = equals('displayName');
    if (name !== undefined) return tenant.tables.accessPackages.find('displayName', name, view);
    const catalogId = equals('catalog/id');
    return catalogId === undefined
      ? tenant.tables.accessPackages.all(view)
      : tenant.tables.accessPackages.find('catalog', catalogId, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-accesspackages */
export const listPackages = (call: Call): Answer => list(v1, accessPackage, packages, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackage-get */
export const readPackage = (call: Call): Answer => one(v1, accessPackage, packageAt(call), call);

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-accesspackages */
export function postPackage(call: Call): Answer {
  const body = bodyOf(call, 'accessPackage');
  const wanted = {
    displayName: text(body, 'displayName'),
    description: optionalText(body, 'description'),
    isHidden: flag(body, 'isHidden', false),
    catalogId: id(object(body, 'catalog'), 'id'),
  };
  return made(v1, accessPackage, createPackage(call.tenant, call.view, wanted), call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackage-list-incompatibleaccesspackages */
export function listIncompatible(call: Call): Answer {
  const { incompatibleWith } = packageAt(call);
  return linked(call, () =>
    incompatibleWith.flatMap((other, index) => {
      const row = call.tenant.tables.accessPackages.get(other, call.view);
      return row === undefined ? [] : [{ row, order: index + 1 }];
    }),
  );
}

/** docs: https://learn.microsoft.com/graph/api/accesspackage-list-accesspackagesincompatiblewith */
export function listIncompatibleWith(call: Call): Answer {
  const { id: own } = packageAt(call);
  return linked(call, () =>
    call.tenant.tables.accessPackages.find('incompatibleWith', own, call.view),
  );
}

const linked = (call: Call, candidates: () => Placed<AccessPackage>[]): Answer =>
  list(v1, accessPackage, { filterable, candidates }, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackage-post-incompatibleaccesspackage */
export function postIncompatible(call: Call): Answer {
  const other = referred(call, text(bodyOf(call, 'reference'), '@odata.id'));
  addIncompatible(call.tenant, call.view, guidAt(call), other);
  return { status: 204 };
}

/** docs: https://learn.microsoft.com/graph/api/accesspackage-delete-incompatibleaccesspackage */
export function deleteIncompatible(call: Call): Answer {
  const link = call.query.get('@id');
  const other = link === null ? guidAt(call, 1) : referred(call, link);
  removeIncompatible(call.tenant, call.view, guidAt(call), other);
  return { status: 204 };
}

/** The package that an `@odata.id` of this service names: its absolute address, nothing else. */
function referred(call: Call, link: string): string {
  const start = `${call.origin}${root}/accessPackages/`;
  const other = link.startsWith(start) ? link.slice(start.length) : '';
  if (!/^[0-9a-f-]{36}$/i.test(other)) {
    throw invalidModel('@odata.id must be the address of an access package of this service.');
  }
  return other.toLowerCase();
}

const packageAt = (call: Call): AccessPackage =>
  requirePackage(call.tenant, call.view, guidAt(call));
