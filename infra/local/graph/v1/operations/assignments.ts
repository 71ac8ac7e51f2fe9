import type { Answer, Call } from '../../http/call';
import { list, one, type Listing } from '../../odata/entities';
import { assignmentAt } from '../../published/assignments';
import type { Assignment } from '../../state/rows';
import { both } from '../../state/tables';
import { v1 } from '../dialect';
import { assignment } from '../entities/assignments';
import { enums } from '../model/enums';

const assignments: Listing<Assignment> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    state: { is: enums['accessPackageAssignmentState'] ?? [], value: ({ state }) => state },
    'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
    'assignmentPolicy/id': { is: 'guid', value: ({ policyId }) => policyId },
    'target/objectId': { is: 'guid', value: ({ targetId }) => targetId },
  },
  candidates: ({ tenant, view }, equals) => {
    const { assignments: table } = tenant.tables;
    const [packageId, target] = [equals('accessPackage/id'), equals('target/objectId')];
    if (packageId !== undefined && target !== undefined) {
      return table.find('accessPackageAndTarget', both(packageId, target), view);
    }
    if (packageId !== undefined) return table.find('accessPackage', packageId, view);
    return target === undefined ? table.all(view) : table.find('target', target, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/entitlementmanagement-list-assignments */
export const listAssignments = (call: Call): Answer => list(v1, assignment, assignments, call);

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignment-get */
export const readAssignment = (call: Call): Answer =>
  one(v1, assignment, assignmentAt(call, call.view), call);
