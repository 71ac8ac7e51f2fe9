import type { Difference, ModelItem } from '../../../shared/packages/items';
import type { PackageReport } from '../../../shared/packages/plan';
import { fault, orOk, type Finding, warning, NotChecked } from '../finding';
import type { DoctorContext } from '../context';
import { mapConcurrent } from '../../../shared/promises';
import type { AccessPackage, Resource } from '../../../shared/domain/access-model/access-model';
import type { AssignmentPolicy } from '../../../shared/graph/answers';
import { emptyOn404 } from '../../../shared/graph/errors';
import type { Group } from '../../../shared/graph/tenant';

const APPLY = 'run "joinery model apply"';
const CORRECT = `correct the model, or ${APPLY}`;

/** Whether each package of the model exists and equals it, or will be created. */
export async function checkPackages({ packageReports, config }: DoctorContext): Promise<Finding[]> {
  const reports = await packageReports();
  const findings = reports.flatMap((report) => [
    ...packageFinding(report, config.packages),
    ...roleFindings(report),
    ...pairFindings(report),
  ]);
  const missing = reports.filter((one) => packageIn(one)?.difference?.kind === 'missing').length;
  const still = missing > 0 ? `, ${missing} still to be created` : '';
  return orOk(findings, `${reports.length - missing} equal the model${still}`);
}

const packageIn = ({ items }: PackageReport): ModelItem | undefined =>
  items.find(({ part }) => part === 'package');

function packageFinding(report: PackageReport, mode: 'ensure' | 'verify-only'): Finding[] {
  const difference = packageIn(report)?.difference;
  const about = report.key;
  const finding = (name: string, text: string, todo = CORRECT) => [
    fault({ name, about, text, todo }),
  ];
  switch (difference?.kind) {
    case 'missing': {
      const text = 'none has its name, and PACKAGES=verify-only creates none';
      return mode === 'ensure' ? [] : finding('package-missing', text);
    }
    case 'unknown-id':
      return finding('package-missing', 'none has the id that the model names');
    case 'gone':
      return finding('package-gone', 'it was deleted in Entra; its joiners end as needs-attention');
    case 'ambiguous':
      return finding('package-ambiguous', 'several have its name', 'rename all but one in Entra');
    case 'differs':
      return finding('package-differs', difference.members.join(', '));
    default:
      return [];
  }
}

const absent: Difference['kind'][] = ['missing', 'gone'];

const itemsOf = ({ items }: PackageReport, part: ModelItem['part'], kinds: Difference['kind'][]) =>
  items
    .filter((item) => item.part === part && item.difference && kinds.includes(item.difference.kind))
    .map(({ about }) => about);

/** What it grants: more is access that nobody reviewed, less is a package that no run completes. */
function roleFindings(report: PackageReport): Finding[] {
  if (packageIn(report)?.id === undefined) return [];
  const about = report.key;
  const more = itemsOf(report, 'role', ['extra']);
  const less = report.isProvisioning ? [] : itemsOf(report, 'role', absent);
  return [
    ...more.map((role) =>
      fault({
        name: 'package-grants-more',
        about,
        text: `Entra grants ${role}, the model does not`,
        todo: 'name it in the model, or remove it in Entra',
      }),
    ),
    ...less.map((role) =>
      fault({ name: 'package-grants-less', about, text: `without ${role}`, todo: CORRECT }),
    ),
  ];
}

/** A pair that does not exclude each other lets somebody hold both. */
function pairFindings(report: PackageReport): Finding[] {
  if (report.isProvisioning) return [];
  return [...new Set(itemsOf(report, 'incompatible', absent))].map((other) =>
    fault({
      name: 'incompatibility-missing',
      about: report.key,
      text: `it and ${other} do not exclude each other in both directions`,
      todo: CORRECT,
    }),
  );
}

/** Whether each catalog of the model exists, is published and as described. */
export async function checkCatalogs({ packageReports, config }: DoctorContext): Promise<Finding[]> {
  const items = (await packageReports()).flatMap(({ items: [catalog] }) => catalog ?? []);
  const catalogs = [...new Map(items.map((item) => [item.about, item])).values()];
  const findings = catalogs.flatMap((item) => catalogFinding(item, config.packages) ?? []);
  const missing = catalogs.filter(({ difference }) => difference?.kind === 'missing').length;
  const still = missing > 0 ? `, ${missing} still to be created` : '';
  return orOk(findings, `${catalogs.length - missing} published and as described${still}`);
}

function catalogFinding(
  { about, difference }: ModelItem,
  mode: 'ensure' | 'verify-only',
): Finding | undefined {
  const finding = (name: string, text: string, todo: string) => fault({ name, about, text, todo });
  switch (difference?.kind) {
    case 'missing': {
      const text = 'none has its name, and PACKAGES=verify-only creates none';
      return mode === 'verify-only' ? finding('catalog-missing', text, APPLY) : undefined;
    }
    case 'gone':
      return finding('catalog-gone', 'it was deleted in Entra', APPLY);
    case 'ambiguous':
      return finding('catalog-ambiguous', 'several catalogs have its name', 'rename all but one');
    case 'differs': {
      const { members } = difference;
      if (!members.includes('catalog.state'))
        return finding('catalog-differs', members.join(', '), CORRECT);
      const text = 'it is not published, so nothing in it can be requested';
      return finding('catalog-unpublished', text, `publish it in Entra, or ${APPLY}`);
    }
    default:
      return undefined;
  }
}

/** Scopes that everybody in the directory is in; any other refuses some joiner, also to an administrator. */
const EVERYBODY = ['', 'notspecified', 'nosubjects', 'allmemberusers', 'alldirectoryusers'];

/** Whether each policy lets this app assign directly, to any joiner, for as long as the model says. */
export async function checkPolicies({ packageReports, model }: DoctorContext): Promise<Finding[]> {
  const reports = await packageReports();
  const { model: rules } = await model();
  const findings = reports.flatMap((report) => {
    const target = rules.accessPackages.find(({ key }) => key === report.key);
    return target ? policyFindings(report, target) : [];
  });
  const found = reports.filter(({ items }) => items.some(({ policy }) => policy)).length;
  return orOk(findings, `${found} fit for direct assignment`);
}

function policyFindings({ key, items, isProvisioning }: PackageReport, target: AccessPackage) {
  const { difference, policy } = items.find(({ part }) => part === 'policy') ?? {};
  const hasPackage = items.some(({ part, id }) => part === 'package' && id !== undefined);
  const finding = (name: string, text: string, todo = CORRECT) => [
    fault({ name, about: key, text, todo }),
  ];
  const kind = difference?.kind;
  if (kind === 'ambiguous')
    return finding('policy-ambiguous', 'several have its name', 'rename all but one in Entra');
  if (
    kind === 'gone' ||
    kind === 'unknown-id' ||
    (kind === 'missing' && hasPackage && !isProvisioning)
  )
    return finding('policy-missing', 'Entra does not have it');
  if (!policy) return [];
  const unfit = unfitness(policy, target, key);
  if (unfit) return [unfit];
  return difference?.kind === 'differs'
    ? finding('policy-differs', difference.members.join(', '))
    : [];
}

/** The first reason why access cannot be given under it, if there is one. */
function unfitness(
  found: AssignmentPolicy,
  { policy, wait }: AccessPackage,
  about: string,
): Finding | undefined {
  const scope = found.allowedTargetScope ?? found.requestorSettings?.scopeType ?? '';
  if (!EVERYBODY.includes(scope.toLowerCase())) {
    const text = `only ${scope} may be given the package under it`;
    return fault({ name: 'policy-not-for-direct-assignment', about, text, todo: CORRECT });
  }
  const { type, endDateTime } = found.expiration ?? {};
  if (type?.toLowerCase() === 'afterdatetime' && Date.parse(endDateTime ?? '') < Date.now()) {
    const text = `access under it ended on ${endDateTime ?? ''}`;
    return fault({ name: 'policy-expired', about, text, todo: 'give it another end' });
  }
  const approves = found.requestApprovalSettings?.isApprovalRequiredForAdd === true;
  if (!approves || policy?.approval.required === true || (wait && !policy)) return undefined;
  const text = 'it requires an approval that the model does not name';
  const trouble = { name: 'policy-needs-approval', about, text, todo: CORRECT };
  return policy ? fault(trouble) : warning(trouble);
}

const AT_ONCE = 4;

/** Whether each resource of the model exists and can be granted by a package. */
export async function checkResources({ model, tenant }: DoctorContext): Promise<Finding[]> {
  const { model: rules } = await model().catch(() => {
    throw new NotChecked('the access model cannot be used', 'correct what "model" says first');
  });
  const all = rules.accessPackages.flatMap(({ resources }) => resources);
  const distinct = [...new Map(all.map((one) => [one.originId, one])).values()];
  const sites = distinct.filter(({ originSystem }) => originSystem === 'SharePointOnline').length;
  const findings = await mapConcurrent(AT_ONCE, distinct, (one) =>
    resourceFindings(tenant, one, all),
  );
  const notChecked = sites > 0 ? `; ${sites} SharePoint sites not checked` : '';
  return orOk(findings.flat(), `${distinct.length - sites} can be granted${notChecked}`);
}

async function resourceFindings(
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
