import { addPolicy } from '../services/policies';
import { policyMembers } from '../services/policy-members';
import { createCatalog } from '../services/catalogs';
import { hold } from '../services/holdings';
import { createPackage } from '../services/packages';
import { addResource } from '../services/resources';
import { derivedId } from '../services/ids';
import { addRoleScope } from '../services/role-scopes';
import type { Catalog, Group } from '../state/rows';
import { people } from './people';
import { seedRoles, seedServices } from './seed-services';
import type { Tenant } from './tenant';
import type { TenantFile } from './tenant-file';

type ExistingCatalog = TenantFile['catalogs'][number];
type ExistingPackage = ExistingCatalog['accessPackages'][number];

/** Fills a tenant with what its file holds, by the same acts as a client's and with the same refusals. */
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
  const wanted = { displayName, description, state, isExternallyVisible: false };
  const catalog = createCatalog(tenant, wanted, id);
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
  const wanted = { displayName, description, isHidden, catalogId: catalog.id };
  const accessPackage = createPackage(tenant, undefined, wanted, id);
  for (const { resource, role } of existing.roles) {
    addRoleScope(tenant, undefined, {
      packageId: id,
      resourceId: derivedId('resource', catalog.id, resource),
      roleOriginId: role,
      scopeOriginId: undefined,
    });
  }
  const policies = existing.policies.map((policy) => {
    const members = policyMembers({ ...policy.members, displayName: policy.displayName });
    return addPolicy(tenant, { ...members, packageId: id }, policy.id);
  });
  for (const employeeId of existing.heldBy) {
    const [policy] = policies;
    for (const { row } of tenant.tables.users.find('employeeId', employeeId)) {
      if (policy !== undefined) hold(tenant, accessPackage, policy, row);
    }
  }
}
