import { isAutomatic, targetsOf } from '../services/automatic';
import { addResource, createCatalog } from '../services/catalogs';
import { usersNumbered } from '../services/directory';
import { derivedId } from '../services/ids';
import { addRoleScope, createPackage } from '../services/packages';
import {
  assignRole,
  grantAppRole,
  graphAppId,
  graphAppRoles,
  permissionId,
  roleDefinitions,
} from '../services/permissions';
import { addPolicy, hold, withPolicyDefaults } from '../services/policies';
import type { Tenant } from '../services/tenant';
import type { Catalog, Group } from '../state/rows';
import { people, type TenantFile } from './tenant-file';

type ExistingCatalog = TenantFile['catalogs'][number];
type ExistingPackage = ExistingCatalog['accessPackages'][number];

/** Fills a tenant from its file, by the services that a client uses and with the same refusals. */
export function seedTenant(tenant: Tenant, file: TenantFile): void {
  for (const user of people(file)) tenant.put('users', user);
  for (const group of file.groups) tenant.put('groups', groupOf(group));
  seedServices(tenant, file);
  for (const existing of file.catalogs) seedCatalog(tenant, existing);
  for (const identity of file.identities) seedRoles(tenant, identity);
}

const groupOf = (group: TenantFile['groups'][number]): Group => ({
  ...group,
  mailNickname: group.displayName.replace(/[^\w.-]/g, ''),
  createdAt: 0,
});

function seedCatalog(tenant: Tenant, existing: ExistingCatalog): void {
  const { id, displayName, description, state } = existing;
  const details = { displayName, description, state, isExternallyVisible: false };
  const catalog = createCatalog(tenant, details, id);
  for (const origin of existing.resources) addResource(tenant, undefined, catalog.id, origin);
  for (const one of existing.accessPackages) seedPackage(tenant, catalog, one);
  for (const one of existing.accessPackages) {
    const row = tenant.tables.accessPackages.get(one.id);
    if (row !== undefined) {
      tenant.put('accessPackages', { ...row, incompatibleWith: one.incompatibleWith });
    }
  }
}

function seedPackage(tenant: Tenant, catalog: Catalog, existing: ExistingPackage): void {
  const { id, displayName, description, isHidden } = existing;
  const details = { displayName, description, isHidden, catalogId: catalog.id };
  const accessPackage = createPackage(tenant, undefined, details, id);
  for (const { resource, role } of existing.roles) {
    addRoleScope(tenant, undefined, {
      packageId: id,
      resourceId: derivedId('resource', catalog.id, resource),
      roleOriginId: role,
      scopeOriginId: undefined,
    });
  }
  const policies = existing.policies.map((policy) => {
    const members = withPolicyDefaults({ ...policy.members, displayName: policy.displayName });
    return addPolicy(tenant, { ...members, packageId: id }, policy.id);
  });
  for (const policy of policies) {
    for (const user of targetsOf(tenant, policy)) hold(tenant, accessPackage, policy, user);
  }
  for (const employeeId of existing.heldBy) {
    const policy = policies.find((one) => !isAutomatic(one));
    for (const user of usersNumbered(tenant, employeeId)) {
      if (policy !== undefined) hold(tenant, accessPackage, policy, user);
    }
  }
}

/** The service principal of Microsoft Graph. Every tenant has one, with an id of its own. */
const graphId = derivedId('servicePrincipal', graphAppId);

/** The organization, licences, applications, and identities with their permissions. */
function seedServices(tenant: Tenant, file: TenantFile): void {
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
function seedRoles(tenant: Tenant, identity: TenantFile['identities'][number]): void {
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
