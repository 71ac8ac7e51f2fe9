import { filtersIn, nameIn, rootOf } from '../dialects/dialect';
import { invalidModel } from '../errors';
import { type Answer, type Call, deletion, type Routes } from '../http/routes';
import { guidAt, id, object, text } from '../odata/body';
import { list, type Listing } from '../odata/list';
import { checkBody } from '../odata/model';
import { created, one } from '../odata/present';
import { deletePolicy } from '../services/deletions';
import {
  createPolicy,
  type PolicyDetails,
  replacePolicy,
  requirePolicy,
} from '../services/policies';
import type { Policy } from '../state/rows';
import type { Version } from './version';

/** Assignment policies. docs: https://learn.microsoft.com/graph/api/resources/accesspackageassignmentpolicy */
export function policyRoutes({ dialect, entities }: Version): Routes {
  const { policy } = entities;
  const collection = `${rootOf(dialect)}/${nameIn(dialect, 'assignmentPolicies')}`;

  const policies: Listing<Policy> = {
    filterable: filtersIn(dialect, policy.type, {
      id: { is: 'guid', value: (row) => row.id },
      displayName: { is: 'text', value: (row) => row.displayName ?? '' },
      'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
    }),
    candidates: ({ tenant, view }, equals) => {
      const packageId = equals('accessPackage/id');
      return packageId === undefined
        ? tenant.tables.policies.all(view)
        : tenant.tables.policies.find('accessPackage', packageId, view);
    },
  };

  async function postPolicy(call: Call): Promise<Answer> {
    return created(policy, await createPolicy(call.tenant, call.view, detailsIn(call)), call);
  }

  /** docs: https://learn.microsoft.com/graph/api/accesspackageassignmentpolicy-update: PUT replaces the whole policy. */
  function putPolicy(call: Call): Answer {
    const current = policyAt(call);
    return one(policy, replacePolicy(call.tenant, current, detailsIn(call)), call);
  }

  function detailsIn(call: Call): PolicyDetails {
    const body = checkBody(dialect.model, policy.type, call.body ?? {});
    text(body, 'displayName');
    const { accessPackage: idMember } = dialect.ids;
    const packageId =
      idMember === undefined ? id(object(body, 'accessPackage'), 'id') : id(body, idMember);
    const details = { ...dialect.policy.read(body), packageId };
    const specific = details.allowedTargetScope === 'specificDirectoryUsers';
    if (specific && details.specificAllowedTargets.length === 0) {
      throw invalidModel('A policy for specific users must name at least one.');
    }
    return details;
  }

  return {
    [collection]: { GET: (call) => list(policy, policies, call), POST: postPolicy },
    [`${collection}/{}`]: {
      GET: (call) => one(policy, policyAt(call), call),
      PUT: putPolicy,
      DELETE: deletion(
        (call, view) => requirePolicy(call.tenant, view, guidAt(call)),
        ({ tenant }, row) => deletePolicy(tenant, row),
      ),
    },
  };
}

const policyAt = (call: Call): Policy => requirePolicy(call.tenant, call.view, guidAt(call));
