import { createPolicy, replacePolicy, requirePolicy } from '../../services/policies';
import { invalidModel } from '../../errors';
import type { Answer, Call } from '../../http/call';
import { list, made, one, type Listing } from '../../odata/entities';
import { guidAt, id, text } from '../../odata/read';
import type { Policy } from '../../state/rows';
import { beta, bodyOf } from '../dialect';
import { policy } from '../entities/catalogs';
import { storedPolicy } from '../policies/policy-members';

const policies: Listing<Policy> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    displayName: { is: 'text', value: (row) => row.displayName ?? '' },
    accessPackageId: { is: 'guid', value: ({ packageId }) => packageId },
    'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
  },
  candidates: ({ tenant, view }, equals) => {
    const packageId = equals('accessPackage/id') ?? equals('accessPackageId');
    return packageId === undefined
      ? tenant.tables.policies.all(view)
      : tenant.tables.policies.find('accessPackage', packageId, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-accesspackageassignmentpolicies?view=graph-rest-beta */
export const listPolicies = (call: Call): Answer => list(beta, policy, policies, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentpolicy-get?view=graph-rest-beta */
export const readPolicy = (call: Call): Answer => one(beta, policy, policyAt(call), call);

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-post-accesspackageassignmentpolicies?view=graph-rest-beta */
export async function postPolicy(call: Call): Promise<Answer> {
  const created = await createPolicy(call.tenant, call.view, wantedIn(call));
  return made(beta, policy, created, call);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentpolicy-update?view=graph-rest-beta: PUT, all of it. */
export function putPolicy(call: Call): Answer {
  const current = policyAt(call);
  return one(beta, policy, replacePolicy(call.tenant, current, wantedIn(call)), call);
}

function wantedIn(call: Call): Omit<Policy, 'id' | 'createdAt' | 'modifiedAt'> {
  const body = bodyOf(call, 'accessPackageAssignmentPolicy');
  text(body, 'displayName');
  const wanted = { ...storedPolicy(body), packageId: id(body, 'accessPackageId') };
  const chosen = wanted.allowedTargetScope === 'specificDirectoryUsers';
  if (chosen && wanted.specificAllowedTargets.length === 0) {
    throw invalidModel("'allowedRequestors' is required for SpecificDirectorySubjects.");
  }
  return wanted;
}

const policyAt = (call: Call): Policy => requirePolicy(call.tenant, call.view, guidAt(call));
