import { filtersIn, nameIn, rootOf, type Dialect } from '../dialects/dialect';
import { invalidModel, notSimulated } from '../errors';
import {
  deletion,
  idAt,
  notImplemented,
  type Answer,
  type Call,
  type Routes,
} from '../http/routes';
import {
  flag,
  guidAt,
  id,
  object,
  optionalObject,
  optionalText,
  requireOnly,
  text,
} from '../odata/body';
import { list, type Filters, type Listing } from '../odata/list';
import { checkBody, type Body } from '../odata/model';
import { created, one, type Entity } from '../odata/present';
import { deletePackage, deleteRoleScope } from '../services/deletions';
import {
  addIncompatible,
  addRoleScope,
  changePackage,
  createPackage,
  removeIncompatible,
  requirePackage,
} from '../services/packages';
import type { AccessPackage } from '../state/rows';
import { folded } from '../state/tables';
import type { Version } from './version';

/** Access packages. docs: https://learn.microsoft.com/graph/api/resources/accesspackage */
export function packageRoutes(version: Version): Routes {
  const { dialect, entities } = version;
  const { accessPackage } = entities;
  const collection = `${rootOf(dialect)}/accessPackages`;
  const filterable = packageFilters(dialect);

  const packages: Listing<AccessPackage> = {
    filterable,
    candidates: ({ tenant, view }, equals) => {
      const name = equals('displayName');
      if (name !== undefined)
        return tenant.tables.accessPackages.find('displayName', folded(name), view);
      const catalogId = equals('catalog/id');
      return catalogId === undefined
        ? tenant.tables.accessPackages.all(view)
        : tenant.tables.accessPackages.find('catalog', catalogId, view);
    },
  };

  function postPackage(call: Call): Answer {
    const body = checkBody(dialect.model, accessPackage.type, call.body ?? {});
    if (optionalText(body, 'uniqueName') !== null) throw notSimulated('unique names of packages');
    const details = {
      displayName: text(body, 'displayName'),
      description: optionalText(body, 'description'),
      isHidden: flag(body, 'isHidden', false),
      isRoleScopesVisible: flag(body, 'isRoleScopesVisible', false),
      catalogId: catalogIdIn(dialect, body),
    };
    return created(accessPackage, createPackage(call.tenant, call.view, details), call);
  }

  /** docs: https://learn.microsoft.com/graph/api/accesspackage-update: these members and no other. */
  function patchPackage(call: Call): Answer {
    const body = checkBody(dialect.model, accessPackage.type, call.body ?? {});
    requireOnly(body, ['displayName', 'description', 'isHidden', 'isRoleScopesVisible']);
    packageAt(call);
    const current = requirePackage(call.tenant, undefined, guidAt(call));
    const visible = current.isRoleScopesVisible ?? false;
    changePackage(call.tenant, current, {
      displayName: 'displayName' in body ? text(body, 'displayName') : current.displayName,
      description: 'description' in body ? optionalText(body, 'description') : current.description,
      isHidden: flag(body, 'isHidden', current.isHidden),
      isRoleScopesVisible: flag(body, 'isRoleScopesVisible', visible),
    });
    return { status: 204 };
  }

  const incompatibleGroups = notImplemented('incompatible groups');
  return {
    [collection]: { GET: (call) => list(accessPackage, packages, call), POST: postPackage },
    [`${collection}/{}`]: {
      GET: (call) => one(accessPackage, packageAt(call), call),
      PATCH: patchPackage,
      DELETE: deletion(
        (call, view) => requirePackage(call.tenant, view, guidAt(call)),
        ({ tenant }, row) => deletePackage(tenant, row),
      ),
    },
    ...roleScopeRoutes(version, collection),
    ...incompatibleRoutes(version, collection),
    [`${collection}/{}/incompatibleGroups`]: { GET: incompatibleGroups },
    [`${collection}/{}/incompatibleGroups/$ref`]: { POST: incompatibleGroups },
    [`${collection}/{}/getApplicablePolicyRequirements`]: {
      POST: notImplemented('policy requirements, which only signed-in users may read'),
    },
  };
}

const packageFilters = (dialect: Dialect): Filters<AccessPackage> =>
  filtersIn(dialect, 'accessPackage', {
    id: { is: 'guid', value: (row) => row.id },
    displayName: { is: 'text', value: (row) => row.displayName },
    'catalog/id': { is: 'guid', value: ({ catalogId }) => catalogId },
  });

/** The catalog by its id member, by its navigation member or by both, as clients of beta send it. */
function catalogIdIn(dialect: Dialect, body: Body): string {
  const [nested, idMember] = [nameIn(dialect, 'catalog'), dialect.ids['catalog']];
  if (idMember === undefined) return id(object(body, nested), 'id');
  if (optionalObject(body, nested) === null) return id(body, idMember);
  const catalogId = id(object(body, nested), 'id');
  const both = body[idMember] !== undefined && body[idMember] !== null;
  if (both && id(body, idMember) !== catalogId) {
    throw invalidModel(`'${idMember}' and '${nested}' name two catalogs.`);
  }
  return catalogId;
}

/** The roles that a package grants. docs: https://learn.microsoft.com/graph/api/accesspackage-list-resourcerolescopes */
function roleScopeRoutes({ dialect, entities }: Version, packages: string): Routes {
  const { roleScope } = entities;
  const collection = `${packages}/{}/${nameIn(dialect, 'resourceRoleScopes')}`;

  function listRoleScopes(call: Call): Answer {
    const { id: packageId } = packageAt(call);
    const candidates = () =>
      call.tenant.tables.roleScopes.find('accessPackage', packageId, call.view);
    return list(roleScope, { filterable: {}, candidates }, call);
  }

  /** docs: https://learn.microsoft.com/graph/api/accesspackage-post-resourcerolescopes */
  function postRoleScope(call: Call): Answer {
    const body = checkBody(dialect.model, roleScope.type, call.body ?? {});
    const role = object(body, nameIn(dialect, 'role'));
    const scope = optionalObject(body, nameIn(dialect, 'scope'));
    const details = {
      packageId: guidAt(call),
      resourceId: id(object(role, nameIn(dialect, 'resource')), 'id'),
      roleOriginId: text(role, 'originId'),
      scopeOriginId: scope === null ? undefined : text(scope, 'originId'),
    };
    return created(roleScope, addRoleScope(call.tenant, call.view, details), call);
  }

  return {
    [collection]: { GET: listRoleScopes, POST: postRoleScope },
    [`${collection}/{}`]: {
      DELETE: deletion(
        (call, view) => requirePackage(call.tenant, view, guidAt(call)),
        (call, { id: packageId }) => deleteRoleScope(call.tenant, packageId, idAt(call, 1)),
      ),
    },
  };
}

/** docs: https://learn.microsoft.com/graph/api/accesspackage-post-incompatibleaccesspackage and its neighbours */
function incompatibleRoutes({ dialect, entities }: Version, packages: string): Routes {
  const { accessPackage } = entities;
  const filterable = packageFilters(dialect);

  function listIncompatibleWith(call: Call): Answer {
    const { id: own } = packageAt(call);
    const candidates = () =>
      call.tenant.tables.accessPackages.find('incompatibleWith', own, call.view);
    return list(accessPackage, { filterable, candidates }, call);
  }

  function postIncompatible(call: Call): Answer {
    const address = text(checkBody(dialect.model, 'reference', call.body ?? {}), '@odata.id');
    const other = packageIdIn(call, dialect, address);
    addIncompatible(call.tenant, call.view, guidAt(call), other);
    return { status: 204 };
  }

  function deleteIncompatible(call: Call): Answer {
    const address = call.query.get('@id');
    const other = address === null ? guidAt(call, 1) : packageIdIn(call, dialect, address);
    removeIncompatible(call.tenant, call.view, guidAt(call), other);
    return { status: 204 };
  }

  return {
    [`${packages}/{}/incompatibleAccessPackages`]: {
      GET: (call) => listIncompatible(accessPackage, filterable, call),
    },
    [`${packages}/{}/incompatibleAccessPackages/$ref`]: {
      POST: postIncompatible,
      DELETE: deleteIncompatible,
    },
    [`${packages}/{}/incompatibleAccessPackages/{}/$ref`]: { DELETE: deleteIncompatible },
    [`${packages}/{}/accessPackagesIncompatibleWith`]: { GET: listIncompatibleWith },
  };
}

/** 200 with the packages that keep their holders from getting the one that the address names. */
export function listIncompatible(
  entity: Entity<AccessPackage>,
  filterable: Filters<AccessPackage>,
  call: Call,
): Answer {
  const { incompatibleWith } = packageAt(call);
  const candidates = () =>
    incompatibleWith.flatMap((other, index) => {
      const row = call.tenant.tables.accessPackages.get(other, call.view);
      return row === undefined ? [] : [{ row, order: index + 1 }];
    });
  return list(entity, { filterable, candidates }, call);
}

/** The package that an `@odata.id` names, which must be its absolute address in this version of this service. */
function packageIdIn(call: Call, dialect: Dialect, address: string): string {
  const start = `${call.origin}${rootOf(dialect)}/accessPackages/`;
  const packageId = address.startsWith(start) ? address.slice(start.length) : '';
  if (!/^[0-9a-f-]{36}$/i.test(packageId)) {
    throw invalidModel('@odata.id must be the address of an access package of this service.');
  }
  return packageId.toLowerCase();
}

const packageAt = (call: Call): AccessPackage =>
  requirePackage(call.tenant, call.view, guidAt(call));
