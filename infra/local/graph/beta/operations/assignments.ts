import type { Answer, Call } from '../../http/call';
import { list, one, type Listing } from '../../odata/entities';
import { assignmentAt } from '../../published/assignments';
import type { Assignment } from '../../state/rows';
import { both } from '../../state/tables';
import { beta } from '../dialect';
import { assignment } from '../entities/assignments';
import { pascal } from '../words';

const states = ['Delivering', 'PartiallyDelivered', 'Delivered', 'Expired', 'DeliveryFailed'];

const assignments: Listing<Assignment> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    assignmentState: { is: states, value: ({ state }) => pascal(state) },
    accessPackageId: { is: 'guid', value: ({ packageId }) => packageId },
    assignmentPolicyId: { is: 'guid', value: ({ policyId }) => policyId },
    'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
    'accessPackageAssignmentPolicy/id': { is: 'guid', value: ({ policyId }) => policyId },
    'target/objectId': { is: 'guid', value: ({ targetId }) => targetId },
  },
  candidates: ({ tenant, view }, equals) => {
    const { assignments: table } = tenant.tables;
    const packageId = equals('accessPackage/id') ?? equals('accessPackageId');
    const target = equals('target/objectId');
    if (packageId !== undefined && target !== undefined) {
      return table.find('accessPackageAndTarget', both(packageId, target), view);
    }
    if (packageId !== undefined) return table.find('accessPackage', packageId, view);
    return target === undefined ? table.all(view) : table.find('target', target, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-accesspackageassignments?view=graph-rest-beta */
export const listAssignments = (call: Call): Answer => list(beta, assignment, assignments, call);

export const readAssignment = (call: Call): Answer =>
  one(beta, assignment, assignmentAt(call, call.view), call);
