import { changeCatalog, createCatalog, requireCatalog } from '../../services/catalogs';
import { rolesOf, type ResourceRole } from '../../services/resource-roles';
import { invalidModel } from '../../errors';
import type { Answer, Call } from '../../http/call';
import type { Body } from '../../odata/check-body';
import { list, made, one, type Listing } from '../../odata/entities';
import type { Catalog, Resource } from '../../state/rows';
import { both } from '../../state/tables';
import { bodyOf, v1 } from '../dialect';
import { catalog, resource, role } from '../entities/catalogs';
import { flag, guidAt, optionalText, text } from '../../odata/read';

const catalogs: Listing<Catalog> = {
  filterable: {
    id: { is: 'guid', value: ({ id }) => id },
    displayName: { is: 'text', value: ({ displayName }) => displayName },
    state: { is: ['published', 'unpublished'], value: ({ state }) => state },
  },
  candidates: ({ tenant, view }, equals) => {
    const name = equals('displayName');
    return name === undefined
      ? tenant.tables.catalogs.all(view)
      : tenant.tables.catalogs.find('displayName', name, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-catalogs */
export const listCatalogs = (call: Call): Answer => list(v1, catalog, catalogs, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackagecatalog-get */
export const readCatalog = (call: Call): Answer => one(v1, catalog, catalogAt(call), call);

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-catalogs */
export function postCatalog(call: Call): Answer {
  const body = bodyOf(call, 'accessPackageCatalog');
  const wanted = {
    displayName: text(body, 'displayName'),
    description: optionalText(body, 'description'),
    state: stateIn(body) ?? 'published',
    isExternallyVisible: flag(body, 'isExternallyVisible', false),
  };
  return made(v1, catalog, createCatalog(call.tenant, wanted), call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackagecatalog-update */
export function patchCatalog(call: Call): Answer {
  const body = bodyOf(call, 'accessPackageCatalog');
  const current = catalogAt(call);
  changeCatalog(call.tenant, current, {
    displayName: optionalText(body, 'displayName') ?? current.displayName,
    description: 'description' in body ? optionalText(body, 'description') : current.description,
    state: stateIn(body) ?? current.state,
    isExternallyVisible: flag(body, 'isExternallyVisible', current.isExternallyVisible),
  });
  return { status: 204 };
}

function stateIn(body: Body): Catalog['state'] | undefined {
  const state = optionalText(body, 'state');
  if (state === null || state === 'published' || state === 'unpublished') return state ?? undefined;
  throw invalidModel("A catalog's state is published or unpublished.");
}

/** docs: https://learn.microsoft.com/graph/api/accesspackagecatalog-list-resources */
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
  return list(v1, resource, resources, call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackagecatalog-list-resourceroles */
export function listResourceRoles(call: Call): Answer {
  const { id } = catalogAt(call);
  const roles: Listing<ResourceRole> = {
    filterable: {
      originSystem: { is: 'text', value: (row) => row.resource.originSystem },
      originId: { is: 'text', value: (row) => row.originId },
      displayName: { is: 'text', value: (row) => row.displayName },
      'resource/id': { is: 'guid', value: (row) => row.resource.id },
    },
    candidates: ({ tenant, view }) =>
      tenant.tables.resources
        .find('catalog', id, view)
        .flatMap(({ row }) => rolesOf(tenant, row))
        .map((row, index) => ({ row, order: index + 1 })),
  };
  return list(v1, role, roles, call);
}

const catalogAt = (call: Call): Catalog => requireCatalog(call.tenant, call.view, guidAt(call));
