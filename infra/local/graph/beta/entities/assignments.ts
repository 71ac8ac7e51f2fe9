import { subjectId } from '../../directory/subject-id';
import type { Call } from '../../http/call';
import type { Entity } from '../../odata/entities';
import { instant } from '../../odata/navigation';
import type { Assignment, AssignmentRequest } from '../../state/rows';
import { pascal } from '../words';
import { accessPackage, policy } from './catalogs';
import { toOne } from './navigation';
import { subject } from './subject';

const target = toOne(
  () => subject,
  ({ targetId }: { targetId?: string | undefined }, { tenant }: Call) =>
    tenant.tables.users.get(targetId ?? ''),
);

const ofPackage = toOne(
  () => accessPackage,
  ({ packageId }: { packageId?: string | undefined }, { tenant, view }: Call) =>
    tenant.tables.accessPackages.get(packageId ?? '', view),
);

export const request: Entity<AssignmentRequest> = {
  type: 'accessPackageAssignmentRequest',
  properties: (row) => ({
    id: row.id,
    requestType: pascal(row.requestType),
    requestState: pascal(row.state),
    requestStatus: row.status,
    isValidationOnly: false,
    createdDateTime: instant(row.createdAt),
    completedDate: instant(row.completedAt),
    expirationDateTime: null,
    justification: row.justification,
    answers: [],
    customExtensionCalloutInstances: [],
    customExtensionHandlerInstances: [],
    history: [],
    verifiedCredentialsData: [],
    schedule: row.schedule ?? null,
  }),
  navigation: {
    accessPackage: ofPackage,
    // For a direct assignment the requestor is the assignee.
    requestor: target,
    accessPackageAssignment: toOne(
      () => assignment,
      ({ assignmentId }, { tenant, view }) =>
        tenant.tables.assignments.get(assignmentId ?? '', view),
    ),
  },
};

export const assignment: Entity<Assignment> = {
  type: 'accessPackageAssignment',
  properties: (row, { tenant }) => ({
    id: row.id,
    catalogId: tenant.tables.accessPackages.get(row.packageId)?.catalogId ?? null,
    accessPackageId: row.packageId,
    assignmentPolicyId: row.policyId,
    targetId: subjectId(row.targetId),
    assignmentStatus: row.status,
    assignmentState: pascal(row.state),
    isExtended: row.isExtended ?? false,
    expiredDateTime: instant(row.expiredAt),
    customExtensionCalloutInstances: [],
    schedule: { ...row.schedule, recurrence: null },
  }),
  navigation: {
    accessPackage: ofPackage,
    target,
    accessPackageAssignmentPolicy: toOne(
      () => policy,
      ({ policyId }, { tenant, view }) => tenant.tables.policies.get(policyId, view),
    ),
  },
};
