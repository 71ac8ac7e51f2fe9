import type { AccessPackage } from '../../../shared/domain/access-model/access-model';
import type { AssignmentPolicy } from '../../../shared/graph/answers';
import type { PackageSurvey } from '../../model/part';
import { fault, orOk, warning, type Finding } from '../finding';
import type { Patient } from '../patient';

const APPLY = 'mend the model, or run "joinery model apply"';
/** Scopes that everybody in the directory is in; any other refuses some joiner, also to an administrator. */
const EVERYBODY = ['', 'notspecified', 'nosubjects', 'allmemberusers', 'alldirectoryusers'];

/** Whether each policy lets this app assign directly, to any joiner, for as long as the model says. */
export async function checkPolicies({ survey, model }: Patient): Promise<Finding[]> {
  const surveys = await survey();
  const { model: rules } = await model();
  const findings = surveys.flatMap((one) => {
    const wanted = rules.accessPackages.find(({ key }) => key === one.key);
    return wanted ? findingsOf(one, wanted) : [];
  });
  const there = surveys.filter(({ policy }) => policy).length;
  return orOk(findings, `${there} fit for direct assignment`);
}

function findingsOf(survey: PackageSurvey, wanted: AccessPackage): Finding[] {
  const about = survey.key;
  const { state, members = [] } = survey.parts.find(({ part }) => part === 'policy') ?? {};
  const exists = survey.parts.some(({ part, id }) => part === 'package' && id !== undefined);
  const told = (name: string, text: string, todo = APPLY) => [fault({ name, about, text, todo })];
  if (state === 'ambiguous')
    return told('policy-ambiguous', 'several have its name', 'rename all but one in Entra');
  if (state === 'gone' || state === 'missing' || (state === 'absent' && exists && !survey.making))
    return told('policy-missing', 'Entra does not have it');
  if (!survey.policy) return [];
  const unfit = unfitness(survey.policy, wanted, about);
  if (unfit) return [unfit];
  return state === 'differs' || state === 'automatic'
    ? told('policy-differs', members.join(', '))
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
  const text = 'it asks for an approval that the model does not know of';
  const trouble = { name: 'policy-needs-approval', about, text, todo: APPLY };
  return policy ? fault(trouble) : warning(trouble);
}
