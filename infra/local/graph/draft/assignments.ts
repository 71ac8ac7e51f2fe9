import { recordAssignment } from '../services/record-assignment';
import type { Answer, Call } from '../http/call';
import { list, one, present, type Listing } from '../odata/entities';
import { flag, id, optionalText } from '../odata/read';
import { plain } from '../odata/shape';
import { assignmentAt } from '../published/assignments';
import type { Assignment } from '../state/rows';
import { both } from '../state/tables';
import { documentedBody, draft, refuseId, requireMembers, requireValue } from './documented';
import { assignment } from './entities';
import { typeNames } from './type-names';

const assignments: Listing<Assignment> = {
  filterable: {
    id: { is: 'guid', value: (row) => row.id },
    accessPackageId: { is: 'guid', value: ({ packageId }) => packageId },
    assignmentPolicyId: { is: 'guid', value: ({ policyId }) => policyId },
    targetId: { is: 'guid', value: ({ targetId }) => targetId },
  },
  candidates: ({ tenant, view }, equals) => {
    const { assignments: table } = tenant.tables;
    const [packageId, targetId] = [equals('accessPackageId'), equals('targetId')];
    if (packageId !== undefined && targetId !== undefined) {
      return table.find('accessPackageAndTarget', both(packageId, targetId), view);
    }
    if (packageId !== undefined) return table.find('accessPackage', packageId, view);
    return targetId === undefined ? table.all(view) : table.find('target', targetId, view);
  },
};

export const listAssignments = (call: Call): Answer => list(draft, assignment, assignments, call);

export const readAssignment = (call: Call): Answer =>
  one(draft, assignment, assignmentAt(call, call.view), call);

/** Document 004. */
export function postAssignment(call: Call): Answer {
  const body = documentedBody(call, 'accessPackageAssignment', typeNames.assignment);
  refuseId(body);
  requireMembers(body, [
    'catalogId',
    'accessPackageId',
    'assignmentPolicyId',
    'targetId',
    'assignmentStatus',
    'assignmentState',
    'isExtended',
  ]);
  requireValue(body, 'assignmentStatus', 'Delivered');
  requireValue(body, 'assignmentState', 'Delivered');
  const recorded = recordAssignment(call.tenant, call.view, {
    catalogId: id(body, 'catalogId'),
    packageId: id(body, 'accessPackageId'),
    policyId: id(body, 'assignmentPolicyId'),
    targetId: id(body, 'targetId'),
    isExtended: flag(body, 'isExtended', false),
    expiredDateTime: optionalText(body, 'expiredDateTime'),
  });
  return { status: 201, body: present(draft, assignment, recorded, call, plain) };
}
