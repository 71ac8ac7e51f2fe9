import { createPolicy, replacePolicy, requirePolicy } from '../../services/policies';
import { invalidModel, notSimulated } from '../../errors';
import type { Answer, Call } from '../../http/call';
import type { Body } from '../../odata/check-body';
import { list, made, one, type Listing } from '../../odata/entities';
import type { Policy, SubjectSet } from '../../state/rows';
import { bodyOf, v1 } from '../dialect';
import { policy } from '../entities/catalogs';
import { policyMembers } from '../../services/policy-members';
import { guidAt, id, object, text } from '../../odata/read';

const policies: Listing<Policy> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    displayName: { is: 'text', value: (row) => row.displayName ?? '' },
    'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
  },
  candidates: ({ tenant, view }, equals) => {
    const packageId = equals('accessPackage/id');
    return packageId === undefined
      ? tenant.tables.policies.all(view)
      : tenant.tables.policies.find('accessPackage', packageId, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignmentpolicies */
export const listPolicies = (call: Call): Answer => list(v1, policy, policies, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentpolicy-get */
export const readPolicy = (call: Call): Answer => one(v1, policy, policyAt(call), call);

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-assignmentpolicies */
export async function postPolicy(call: Call): Promise<Answer> {
  const created = await createPolicy(call.tenant, call.view, wantedIn(call));
  return made(v1, policy, created, call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentpolicy-update: PUT, all of it. */
export function putPolicy(call: Call): Answer {
  const current = policyAt(call);
  return one(v1, policy, replacePolicy(call.tenant, current, wantedIn(call)), call);
}

function wantedIn(call: Call): Omit<Policy, 'id' | 'createdAt' | 'modifiedAt'> {
  const body = bodyOf(call, 'accessPackageAssignmentPolicy');
  text(body, 'displayName');
  const packageId = id(object(body, 'accessPackage'), 'id');
  const wanted = { ...policyMembers(body), packageId };
  requireTargets(body, wanted.specificAllowedTargets);
  if (wanted.automaticRequestSettings?.['requestAccessForAllowedTargets'] === true) {
    throw notSimulated('automatic assignment');
  }
  return wanted;
}

function requireTargets({ allowedTargetScope }: Body, targets: SubjectSet[]): void {
  if (allowedTargetScope === 'specificDirectoryUsers' && targets.length === 0) {
    throw invalidModel("'specificAllowedTargets' is required for specificDirectoryUsers.");
  }
}

const policyAt = (call: Call): Policy => requirePolicy(call.tenant, call.view, guidAt(call));
