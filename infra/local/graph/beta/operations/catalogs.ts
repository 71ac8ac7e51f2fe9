import { changeCatalog, createCatalog, requireCatalog } from '../../services/catalogs';
import { rolesOf, type ResourceRole } from '../../services/resource-roles';
import { invalidModel, notSimulated } from '../../errors';
import type { Answer, Call } from '../../http/call';
import type { Body } from '../../odata/check-body';
import { list, made, one, type Listing } from '../../odata/entities';
import { flag, guidAt, optionalText, text } from '../../odata/read';
import type { Catalog, Resource } from '../../state/rows';
import { both } from '../../state/tables';
import { beta, bodyOf } from '../dialect';
import { catalog } from '../entities/catalogs';
import { resource, role } from '../entities/resources';
import { pascal } from '../words';

const catalogs: Listing<Catalog> = {
  filterable: {
    id: { is: 'guid', value: ({ id }) => id },
    displayName: { is: 'text', value: ({ displayName }) => displayName },
    catalogStatus: { is: ['Published', 'Unpublished'], value: ({ state }) => pascal(state) },
  },
  candidates: ({ tenant, view }, equals) => {
    const name = equals('displayName');
    return name === undefined
      ? tenant.tables.catalogs.all(view)
      : tenant.tables.catalogs.find('displayName', name, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-accesspackagecatalogs?view=graph-rest-beta */
export const listCatalogs = (call: Call): Answer => list(beta, catalog, catalogs, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackagecatalog-get?view=graph-rest-beta */
export const readCatalog = (call: Call): Answer => one(beta, catalog, catalogAt(call), call);

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-accesspackagecatalogs?view=graph-rest-beta */
export function postCatalog(call: Call): Answer {
  const body = catalogIn(call);
  const wanted = {
    displayName: text(body, 'displayName'),
    description: optionalText(body, 'description'),
    state: statusIn(body) ?? ('published' as const),
    isExternallyVisible: flag(body, 'isExternallyVisible', false),
  };
  return made(beta, catalog, createCatalog(call.tenant, wanted), call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackagecatalog-update?view=graph-rest-beta */
export function patchCatalog(call: Call): Answer {
  const body = catalogIn(call);
  const current = catalogAt(call);
  changeCatalog(call.tenant, current, {
    displayName: optionalText(body, 'displayName') ?? current.displayName,
    description: 'description' in body ? optionalText(body, 'description') : current.description,
    state: statusIn(body) ?? current.state,
    isExternallyVisible: flag(body, 'isExternallyVisible', current.isExternallyVisible),
  });
  return { status: 204 };
}

function catalogIn(call: Call): Body {
  const body = bodyOf(call, 'accessPackageCatalog');
  if (optionalText(body, 'uniqueName') !== null) throw notSimulated('unique names of catalogs');
  return body;
}

function statusIn(body: Body): Catalog['state'] | undefined {
  const status = optionalText(body, 'catalogStatus');
  if (status === null) return undefined;
  if (status === 'Published') return 'published';
  if (status === 'Unpublished') return 'unpublished';
  throw invalidModel("A catalog's status is Published or Unpublished.");
}

/** docs: https://learn.microsoft.com/graph/api/accesspackagecatalog-list-accesspackageresources?view=graph-rest-beta */
export function listResources(call: Call): Answer {
  const { id } = catalogAt(call);
  const resources: Listing<Resource> = {
    filterable: {
      id: { is: 'guid', value: (row) => row.id },
      originId: { is: 'text', value: (row) => row.originId },
      originSystem: { is: 'text', value: (row) => row.originSystem },
      displayName: { is: 'text', value: (row) => row.displayName },
    },
    candidates: ({ tenant, view }, equals) => {
      const originId = equals('originId');
      return originId === undefined
        ? tenant.tables.resources.find('catalog', id, view)
        : tenant.tables.resources.find('catalogAndOrigin', both(id, originId), view);
    },
  };
  return list(beta, resource, resources, call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackagecatalog-list-accesspackageresourceroles?view=graph-rest-beta */
export function listResourceRoles(call: Call): Answer {
  const { id } = catalogAt(call);
  const roles: Listing<ResourceRole> = {
    filterable: {
      originSystem: { is: 'text', value: (row) => row.resource.originSystem },
      originId: { is: 'text', value: (row) => row.originId },
      displayName: { is: 'text', value: (row) => row.displayName },
      'accessPackageResource/id': { is: 'guid', value: (row) => row.resource.id },
    },
    candidates: ({ tenant, view }) =>
      tenant.tables.resources
        .find('catalog', id, view)
        .flatMap(({ row }) => rolesOf(tenant, row))
        .map((row, index) => ({ row, order: index + 1 })),
  };
  return list(beta, role, roles, call);
}

const catalogAt = (call: Call): Catalog => requireCatalog(call.tenant, call.view, guidAt(call));
