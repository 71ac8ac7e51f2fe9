import { filtersIn, nameIn, propertyIn, rootOf } from '../dialects/dialect';
import { invalidModel, notSimulated, resourceNotFound } from '../errors';
import { deletion, type Answer, type Call, type Routes } from '../http/routes';
import { flag, guidAt, id, object, optionalText, text } from '../odata/body';
import { list, type Listing } from '../odata/list';
import { checkBody, type Body } from '../odata/model';
import { created, one } from '../odata/present';
import {
  addResource,
  changeCatalog,
  createCatalog,
  removeResource,
  requireCatalog,
  rolesOf,
  type ResourceRole,
} from '../services/catalogs';
import { deleteCatalog } from '../services/deletions';
import type { Catalog, OriginSystem, Resource, ResourceRequest } from '../state/rows';
import { both, folded } from '../state/tables';
import type { Version } from './version';

/** Catalogs and what is in them. docs: https://learn.microsoft.com/graph/api/resources/accesspackagecatalog */
export function catalogRoutes({ dialect, entities }: Version): Routes {
  const { catalog, resource, role } = entities;
  const { model, spell } = dialect;
  const collection = `${rootOf(dialect)}/${nameIn(dialect, 'catalogs')}`;
  const states = ['published', 'unpublished'] as const;

  const catalogs: Listing<Catalog> = {
    filterable: filtersIn(dialect, catalog.type, {
      id: { is: 'guid', value: (row) => row.id },
      displayName: { is: 'text', value: ({ displayName }) => displayName },
      state: { is: states.map(spell), value: ({ state }) => spell(state) },
    }),
    candidates: ({ tenant, view }, equals) => {
      const name = equals('displayName');
      return name === undefined
        ? tenant.tables.catalogs.all(view)
        : tenant.tables.catalogs.find('displayName', folded(name), view);
    },
  };

  function postCatalog(call: Call): Answer {
    const body = bodyOf(call);
    const details = {
      displayName: text(body, 'displayName'),
      description: optionalText(body, 'description'),
      state: stateIn(body) ?? ('published' as const),
      isExternallyVisible: flag(body, 'isExternallyVisible', false),
    };
    return created(catalog, createCatalog(call.tenant, details), call);
  }

  function patchCatalog(call: Call): Answer {
    const body = bodyOf(call);
    const current = catalogAt(call);
    changeCatalog(call.tenant, current, {
      displayName: optionalText(body, 'displayName') ?? current.displayName,
      description: 'description' in body ? optionalText(body, 'description') : current.description,
      state: stateIn(body) ?? current.state,
      isExternallyVisible: flag(body, 'isExternallyVisible', current.isExternallyVisible),
    });
    return { status: 204 };
  }

  function bodyOf(call: Call): Body {
    const body = checkBody(model, catalog.type, call.body ?? {});
    if (optionalText(body, 'uniqueName') !== null) throw notSimulated('unique names of catalogs');
    return body;
  }

  function stateIn(body: Body): Catalog['state'] | undefined {
    const member = propertyIn(dialect, catalog.type, 'state') ?? 'state';
    const given = optionalText(body, member);
    const state = states.find((known) => spell(known) === given);
    if (given !== null && state === undefined) {
      throw invalidModel(`'${member}' is ${states.map(spell).join(' or ')}.`);
    }
    return state;
  }

  const resourceFilters = filtersIn<Resource>(dialect, resource.type, {
    id: { is: 'guid', value: (row) => row.id },
    originId: { is: 'text', value: (row) => row.originId },
    originSystem: { is: 'text', value: (row) => row.originSystem },
    displayName: { is: 'text', value: (row) => row.displayName },
  });

  function listResources(call: Call): Answer {
    const { id: catalogId } = catalogAt(call);
    const resources: Listing<Resource> = {
      filterable: resourceFilters,
      candidates: ({ tenant, view }, equals) => {
        const originId = equals('originId');
        return originId === undefined
          ? tenant.tables.resources.find('catalog', catalogId, view)
          : tenant.tables.resources.find('catalogAndOrigin', both(catalogId, originId), view);
      },
    };
    return list(resource, resources, call);
  }

  const roleFilters = filtersIn<ResourceRole>(dialect, role.type, {
    originSystem: { is: 'text', value: (row) => row.resource.originSystem },
    originId: { is: 'text', value: (row) => row.originId },
    displayName: { is: 'text', value: (row) => row.displayName },
    'resource/id': { is: 'guid', value: (row) => row.resource.id },
  });

  function listResourceRoles(call: Call): Answer {
    const { id: catalogId } = catalogAt(call);
    const roles: Listing<ResourceRole> = {
      filterable: roleFilters,
      candidates: ({ tenant, view }) =>
        tenant.tables.resources
          .find('catalog', catalogId, view)
          .flatMap(({ row }) => rolesOf(tenant, row))
          .map((row, index) => ({ row, order: index + 1 })),
    };
    return list(role, roles, call);
  }

  return {
    [collection]: { GET: (call) => list(catalog, catalogs, call), POST: postCatalog },
    [`${collection}/{}`]: {
      GET: (call) => one(catalog, catalogAt(call), call),
      PATCH: patchCatalog,
      DELETE: deletion(
        (call, view) => requireCatalog(call.tenant, view, guidAt(call)),
        ({ tenant }, row) => deleteCatalog(tenant, row),
      ),
    },
    [`${collection}/{}/${nameIn(dialect, 'resources')}`]: { GET: listResources },
    [`${collection}/{}/${nameIn(dialect, 'resourceRoles')}`]: { GET: listResourceRoles },
  };
}

const catalogAt = (call: Call): Catalog => requireCatalog(call.tenant, call.view, guidAt(call));

/** Adding and removing resources. docs: https://learn.microsoft.com/graph/api/resources/accesspackageresourcerequest */
export function resourceRequestRoutes({ dialect, entities }: Version): Routes {
  const { resourceRequest } = entities;
  const collection = `${rootOf(dialect)}/${nameIn(dialect, 'resourceRequests')}`;

  const requests: Listing<ResourceRequest> = {
    filterable: filtersIn(dialect, resourceRequest.type, {
      'catalog/id': { is: 'guid', value: ({ catalogId }) => catalogId },
    }),
    candidates: ({ tenant, view }) => tenant.tables.resourceRequests.all(view),
  };

  function readResourceRequest(call: Call): Answer {
    const found = call.tenant.tables.resourceRequests.get(guidAt(call), call.view);
    if (found === undefined) throw resourceNotFound('resource request');
    return one(resourceRequest, found, call);
  }

  function postResourceRequest(call: Call): Answer {
    const body = checkBody(dialect.model, resourceRequest.type, call.body ?? {});
    if (flag(body, 'isValidationOnly', false)) throw notSimulated('validation without a request');
    return created(resourceRequest, carryOut(call, body), call);
  }

  function carryOut({ tenant, view }: Call, body: Body): ResourceRequest {
    const resource = object(body, nameIn(dialect, 'resource'));
    const requestType = dialect.unspell(text(body, 'requestType'), 'requestType');
    if (requestType === 'adminRemove') return removeResource(tenant, view, id(resource, 'id'));
    if (requestType !== 'adminAdd') throw notSimulated(`resource requests of type ${requestType}`);
    const origin = {
      originSystem: knownSystem(text(resource, 'originSystem')),
      originId: id(resource, 'originId'),
    };
    const { catalog: idMember } = dialect.ids;
    const catalogId =
      idMember === undefined ? id(object(body, 'catalog'), 'id') : id(body, idMember);
    return addResource(tenant, view, catalogId, origin);
  }

  return {
    [collection]: {
      GET: (call) => list(resourceRequest, requests, call),
      POST: postResourceRequest,
    },
    [`${collection}/{}`]: { GET: readResourceRequest },
  };
}

function knownSystem(system: string): OriginSystem {
  if (system === 'AadGroup' || system === 'AadApplication') return system;
  throw notSimulated(`resources of the system ${system}`);
}
