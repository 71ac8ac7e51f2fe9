import { invalidModel } from '../../errors';
import type { Body } from '../../odata/check-body';
import { flag, optionalText } from '../../odata/read';
import type { Policy } from '../../state/rows';
import { shownSets, storedSets } from './user-sets';

/** Beta's `requestorSettings.scopeType` by the `allowedTargetScope` of v1.0. */
const scopeTypes: Record<string, string> = {
  notSpecified: 'NoSubjects',
  specificDirectoryUsers: 'SpecificDirectorySubjects',
  specificConnectedOrganizationUsers: 'SpecificConnectedOrganizationSubjects',
  allConfiguredConnectedOrganizationUsers: 'AllConfiguredConnectedOrganizationSubjects',
  allMemberUsers: 'AllExistingDirectoryMemberUsers',
  allDirectoryUsers: 'AllExistingDirectorySubjects',
  allExternalUsers: 'AllExternalSubjects',
};

/** Who may have the package, in the members of v1.0. */
export function storedScope(settings: Body): Body {
  const scopeType = optionalText(settings, 'scopeType') ?? 'NoSubjects';
  const scope = Object.keys(scopeTypes).find((name) => scopeTypes[name] === scopeType);
  if (scope === undefined) throw invalidModel(`'${scopeType}' is not a value of 'scopeType'.`);
  const self = scope !== 'notSpecified' && flag(settings, 'acceptRequests', true);
  return {
    allowedTargetScope: scope,
    specificAllowedTargets: storedSets(settings['allowedRequestors'], 'all'),
    requestorSettings: { enableTargetsToSelfAddAccess: self, allowCustomAssignmentSchedule: true },
  };
}

/** Who may have the package, in the members of beta. */
export const shownScope = (policy: Policy): Body => ({
  scopeType: scopeTypes[policy.allowedTargetScope] ?? policy.allowedTargetScope,
  acceptRequests: policy.acceptRequests ?? true,
  allowedRequestors: shownSets(policy.specificAllowedTargets),
});
