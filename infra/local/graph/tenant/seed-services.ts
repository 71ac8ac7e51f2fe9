import { grantAppRole } from '../services/app-roles';
import { assignRole, roleDefinitions } from '../services/entitlement-roles';
import { derivedId } from '../services/ids';
import { graphAppId, graphAppRoles, permissionId } from '../directory/graph-app-roles';
import type { Tenant } from './tenant';
import type { TenantFile } from './tenant-file';

/** The service principal of Microsoft Graph, which is in every tenant under an id of the tenant's own. */
const graphId = derivedId('servicePrincipal', graphAppId);

/** Organization, licences, applications and identities with the permissions that they were granted. */
export function seedServices(tenant: Tenant, file: TenantFile): void {
  tenant.put('organizations', file.organization);
  for (const sku of file.skus) {
    tenant.put('skus', { ...sku, id: `${file.organization.id}_${sku.skuId}` });
  }
  tenant.put('servicePrincipals', {
    id: graphId,
    appId: graphAppId,
    displayName: 'Microsoft Graph',
    servicePrincipalType: 'Application',
    appRoles: graphAppRoles,
  });
  for (const application of file.applications) {
    tenant.put('servicePrincipals', {
      ...application,
      appId: derivedId('application', application.id),
      servicePrincipalType: 'Application',
      appRoles: application.appRoles.map((role) => ({ ...role, value: role.displayName })),
    });
  }
  for (const { id, appId, displayName, permissions } of file.identities) {
    const servicePrincipalType = 'ManagedIdentity';
    tenant.put('servicePrincipals', { id, appId, displayName, servicePrincipalType, appRoles: [] });
    for (const name of permissions) {
      const appRoleId = permissionId(name);
      grantAppRole(tenant, { principalId: id, resourceId: graphId, appRoleId });
    }
  }
}

/** The roles of an identity in catalogs of the file. */
export function seedRoles(tenant: Tenant, identity: TenantFile['identities'][number]): void {
  for (const { catalog, role } of identity.catalogRoles) {
    const known = roleDefinitions.find(({ displayName }) => displayName === role);
    assignRole(tenant, {
      principalId: identity.id,
      roleDefinitionId: known?.id ?? role,
      appScopeId: `/AccessPackageCatalog/${catalog}`,
      directoryScopeId: null,
    });
  }
}
