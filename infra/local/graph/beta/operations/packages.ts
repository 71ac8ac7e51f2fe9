import { changePackage, createPackage, requirePackage } from '../../services/packages';
import { invalidModel, notSimulated } from '../../errors';
import type { Answer, Call } from '../../http/call';
import type { Body } from '../../odata/check-body';
import { list, made, one, type Listing } from '../../odata/entities';
import {
  flag,
  guidAt,
  id,
  object,
  optionalObject,
  optionalText,
  requireOnly,
  text,
} from '../../odata/read';
import { describedBy } from '../../published/packages';
import type { AccessPackage } from '../../state/rows';
import { beta, bodyOf } from '../dialect';
import { accessPackage } from '../entities/catalogs';

export const filterable: Listing<AccessPackage>['filterable'] = {
  id: { is: 'guid', value: (row) => row.id },
  displayName: { is: 'text', value: (row) => row.displayName },
  catalogId: { is: 'guid', value: ({ catalogId }) => catalogId },
  'accessPackageCatalog/id': { is: 'guid', value: ({ catalogId }) => catalogId },
};

const packages: Listing<AccessPackage> = {
  filterable,
  candidates: ({ tenant, view }, equals) => {
    const name = equals('displayName');
    if (name !== undefined) return tenant.tables.accessPackages.find('displayName', name, view);
    const catalogId = equals('catalogId') ?? equals('accessPackageCatalog/id');
    return catalogId === undefined
      ? tenant.tables.accessPackages.all(view)
      : tenant.tables.accessPackages.find('catalog', catalogId, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-accesspackages?view=graph-rest-beta */
export const listPackages = (call: Call): Answer => list(beta, accessPackage, packages, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackage-get?view=graph-rest-beta */
export const readPackage = (call: Call): Answer =>
  one(beta, accessPackage, requirePackage(call.tenant, call.view, guidAt(call)), call);

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-accesspackages?view=graph-rest-beta */
export function postPackage(call: Call): Answer {
  const body = bodyOf(call, 'accessPackage');
  if (optionalText(body, 'uniqueName') !== null) throw notSimulated('unique names of packages');
  const wanted = {
    displayName: text(body, 'displayName'),
    description: optionalText(body, 'description'),
    isHidden: flag(body, 'isHidden', false),
    isRoleScopesVisible: flag(body, 'isRoleScopesVisible', false),
    catalogId: catalogIn(body),
  };
  return made(beta, accessPackage, createPackage(call.tenant, call.view, wanted), call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackage-update?view=graph-rest-beta: these four members and no other. */
export function patchPackage(call: Call): Answer {
  const body = bodyOf(call, 'accessPackage');
  requireOnly(body, ['displayName', 'description', 'isHidden', 'isRoleScopesVisible']);
  requirePackage(call.tenant, call.view, guidAt(call));
  const current = requirePackage(call.tenant, undefined, guidAt(call));
  const isRoleScopesVisible = flag(
    body,
    'isRoleScopesVisible',
    current.isRoleScopesVisible ?? false,
  );
  changePackage(call.tenant, current, { ...describedBy(body, current), isRoleScopesVisible });
  return { status: 204 };
}

/** The catalog by `catalogId`, by `accessPackageCatalog.id`, or by both, as in the field. */
function catalogIn(body: Body): string {
  if (optionalObject(body, 'accessPackageCatalog') === null) return id(body, 'catalogId');
  const catalogId = id(object(body, 'accessPackageCatalog'), 'id');
  const both = body['catalogId'] !== undefined && body['catalogId'] !== null;
  if (both && id(body, 'catalogId') !== catalogId) {
    throw invalidModel("'catalogId' and 'accessPackageCatalog' name two catalogs.");
  }
  return catalogId;
}
