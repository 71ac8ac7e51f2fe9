import type { Resource } from '../../../shared/domain/access-model/access-model';
import { emptyOn404 } from '../../../shared/graph/errors';
import type { Group } from '../../../shared/graph/tenant';
import { fault, NotChecked, orOk, type Finding } from '../finding';
import { mapConcurrent, type DoctorContext } from '../context';

const AT_ONCE = 4;

/** Whether each resource of the model exists and can be granted by a package. */
export async function checkResources({ model, tenant }: DoctorContext): Promise<Finding[]> {
  const { model: rules } = await model().catch(() => {
    throw new NotChecked('the access model cannot be used', 'correct what "model" says first');
  });
  const all = rules.accessPackages.flatMap(({ resources }) => resources);
  const distinct = [...new Map(all.map((one) => [one.originId, one])).values()];
  const sites = distinct.filter(({ originSystem }) => originSystem === 'SharePointOnline').length;
  const findings = await mapConcurrent(AT_ONCE, distinct, (one) => findingsOf(tenant, one, all));
  const notChecked = sites > 0 ? `; ${sites} SharePoint sites not checked` : '';
  return orOk(findings.flat(), `${distinct.length - sites} can be granted${notChecked}`);
}

async function findingsOf(
  tenant: DoctorContext['tenant'],
  { originSystem, originId }: Resource,
  all: readonly Resource[],
): Promise<Finding[]> {
  const about = originId;
  if (originSystem === 'SharePointOnline') return [];
  if (originSystem === 'AadGroup') {
    const [group] = await emptyOn404(tenant.group(originId));
    return group ? groupFindings(group) : [missing(about, 'no group has this object id')];
  }
  const [principal] = await emptyOn404(tenant.principalById(originId));
  if (!principal) return [missing(about, 'no service principal has this object id')];
  const names = (principal.appRoles ?? []).map(({ displayName }) => displayName);
  return all
    .filter((one) => one.originId === originId && !names.includes(one.role))
    .map(({ role }) =>
      fault({
        name: 'resource-role-missing',
        about,
        text: `the application has no role "${role}"`,
        todo: 'name one of its app roles in the model, by its display name',
      }),
    );
}

const missing = (about: string, text: string): Finding =>
  fault({ name: 'resource-missing', about, text, todo: 'correct the id in the model' });

/**
 * What entitlement management cannot add members to, or an application may not.
 * Source: https://learn.microsoft.com/entra/id-governance/entitlement-management-catalog-create
 */
function groupFindings(group: Group): Finding[] {
  const about = group.id;
  const types = group.groupTypes ?? [];
  const finding = (name: string, text: string, todo: string) => [
    fault({ name, about, text, todo }),
  ];
  if (types.includes('DynamicMembership'))
    return finding(
      'group-dynamic',
      'a rule decides who is in it',
      'name a group with assigned members',
    );
  if (group.onPremisesSyncEnabled === true)
    return finding(
      'group-on-premises',
      'it is synced from on-premises',
      'name a group made in Entra',
    );
  if (group.isAssignableToRole === true)
    return finding(
      'group-role-assignable',
      'it can carry directory roles, and no app may add it to a catalog',
      'name a group without roles',
    );
  if (group.mailEnabled === true && !types.includes('Unified'))
    return finding('group-mail-enabled', 'it is a mail group of Exchange', 'name a security group');
  return [];
}
