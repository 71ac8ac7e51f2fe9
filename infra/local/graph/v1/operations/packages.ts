import { changePackage, createPackage, requirePackage } from '../../services/packages';
import type { Answer, Call } from '../../http/call';
import { list, made, one, type Listing } from '../../odata/entities';
import type { AccessPackage } from '../../state/rows';
import { bodyOf, v1 } from '../dialect';
import { accessPackage } from '../entities/catalogs';
import { flag, guidAt, id, object, optionalText, requireOnly, text } from '../../odata/read';
import { describedBy } from '../../published/packages';

export const filterable: Listing<AccessPackage>['filterable'] = {
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

/** docs: https://learn.microsoft.com/graph/api/accesspackage-update: these three members and no other. */
export function patchPackage(call: Call): Answer {
  const body = bodyOf(call, 'accessPackage');
  requireOnly(body, ['displayName', 'description', 'isHidden']);
  packageAt(call);
  const current = requirePackage(call.tenant, undefined, guidAt(call));
  changePackage(call.tenant, current, describedBy(body, current));
  return { status: 204 };
}

const packageAt = (call: Call): AccessPackage =>
  requirePackage(call.tenant, call.view, guidAt(call));
