import type { AccessPackage } from '../../../shared/domain/access-model/access-model';
import type { AssignmentPolicy } from '../../../shared/graph/answers';
import type { PackageReport } from '../../../shared/packages/plan';
import { fault, orOk, warning, type Finding } from '../finding';
import type { DoctorContext } from '../context';

const APPLY = 'correct the model, or run "joinery model apply"';
/** Scopes that everybody in the directory is in; any other refuses some joiner, also to an administrator. */
const EVERYBODY = ['', 'notspecified', 'nosubjects', 'allmemberusers', 'alldirectoryusers'];

/** Whether each policy lets this app assign directly, to any joiner, for as long as the model says. */
export async function checkPolicies({ packageReports, model }: DoctorContext): Promise<Finding[]> {
  const reports = await packageReports();
  const { model: rules } = await model();
  const findings = reports.flatMap((report) => {
    const target = rules.accessPackages.find(({ key }) => key === report.key);
    return target ? findingsOf(report, target) : [];
  });
  const found = reports.filter(({ items }) => items.some(({ policy }) => policy)).length;
  return orOk(findings, `${found} fit for direct assignment`);
}

function findingsOf({ key, items, isProvisioning }: PackageReport, target: AccessPackage) {
  const { difference, policy } = items.find(({ part }) => part === 'policy') ?? {};
  const hasPackage = items.some(({ part, id }) => part === 'package' && id !== undefined);
  const finding = (name: string, text: string, todo = APPLY) => [
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
    return fault({ name: 'policy-not-for-direct-assignment', about, text, todo: APPLY });
  }
  const { type, endDateTime } = found.expiration ?? {};
  if (type?.toLowerCase() === 'afterdatetime' && Date.parse(endDateTime ?? '') < Date.now()) {
    const text = `access under it ended on ${endDateTime ?? ''}`;
    return fault({ name: 'policy-expired', about, text, todo: 'give it another end' });
  }
  const approves = found.requestApprovalSettings?.isApprovalRequiredForAdd === true;
  if (!approves || policy?.approval.required === true || (wait && !policy)) return undefined;
  const text = 'it requires an approval that the model does not name';
  const trouble = { name: 'policy-needs-approval', about, text, todo: APPLY };
  return policy ? fault(trouble) : warning(trouble);
}
