import { filtersIn, nameIn, rootOf } from '../dialects/dialect';
import { assignmentsAreNotDeleted, resourceNotFound } from '../errors';
import type { Answer, Call, Routes } from '../http/routes';
import { guidAt } from '../odata/body';
import { list, type Listing } from '../odata/list';
import { one } from '../odata/present';
import { reprocessAssignment } from '../services/delivery';
import type { View } from '../state/lag';
import type { Assignment } from '../state/rows';
import { both } from '../state/tables';
import type { Version } from './version';

/** Assignments. docs: https://learn.microsoft.com/graph/api/resources/accesspackageassignment */
export function assignmentRoutes({ dialect, entities }: Version): Routes {
  const { assignment } = entities;
  const { model, spell } = dialect;
  const collection = `${rootOf(dialect)}/${nameIn(dialect, 'assignments')}`;

  const assignments: Listing<Assignment> = {
    filterable: filtersIn(dialect, assignment.type, {
      id: { is: 'guid', value: (row) => row.id },
      state: {
        is: model.enums['accessPackageAssignmentState'] ?? [],
        value: ({ state }) => spell(state),
      },
      'accessPackage/id': { is: 'guid', value: ({ packageId }) => packageId },
      'assignmentPolicy/id': { is: 'guid', value: ({ policyId }) => policyId },
      'target/objectId': { is: 'guid', value: ({ targetId }) => targetId },
    }),
    candidates: (call, equals) =>
      findAssignments(call, equals('accessPackage/id'), equals('target/objectId')),
  };

  return {
    [collection]: { GET: (call) => list(assignment, assignments, call) },
    [`${collection}/{}`]: {
      GET: (call) => one(assignment, assignmentAt(call, call.view), call),
      DELETE: () => {
        throw assignmentsAreNotDeleted();
      },
    },
    [`${collection}/{}/reprocess`]: { POST: postReprocess },
  };
}

/** The assignments of a package, of a user or of both, from an index wherever one is given. */
export function findAssignments({ tenant, view }: Call, packageId?: string, targetId?: string) {
  const { assignments: table } = tenant.tables;
  if (packageId !== undefined && targetId !== undefined) {
    return table.find('accessPackageAndTarget', both(packageId, targetId), view);
  }
  if (packageId !== undefined) return table.find('accessPackage', packageId, view);
  return targetId === undefined ? table.all(view) : table.find('target', targetId, view);
}

/** docs: https://learn.microsoft.com/graph/api/accesspackageassignment-reprocess */
function postReprocess(call: Call): Answer {
  assignmentAt(call, call.view);
  reprocessAssignment(call.tenant, assignmentAt(call));
  return { status: 202 };
}

/** The assignment that the address names: with a view as its replica knows it, without one as it truly is. */
export function assignmentAt(call: Call, view?: View): Assignment {
  const found = call.tenant.tables.assignments.get(guidAt(call), view);
  if (found === undefined) throw resourceNotFound('assignment');
  return found;
}
