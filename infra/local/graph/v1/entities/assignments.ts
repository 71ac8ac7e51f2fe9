import type { Call } from '../../http/call';
import type { Entity } from '../../odata/entities';
import type { Assignment, AssignmentRequest } from '../../state/rows';
import { accessPackage, policy } from './catalogs';
import { instant } from '../../odata/navigation';
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
    requestType: row.requestType,
    state: row.state,
    status: row.status,
    createdDateTime: instant(row.createdAt),
    completedDateTime: instant(row.completedAt),
    justification: row.justification,
    answers: [],
    customExtensionCalloutInstances: [],
    schedule: row.schedule ?? null,
  }),
  navigation: {
    accessPackage: ofPackage,
    // For a direct assignment the requestor is the assignee.
    requestor: target,
    assignment: toOne(
      () => assignment,
      ({ assignmentId }, { tenant, view }) =>
        tenant.tables.assignments.get(assignmentId ?? '', view),
    ),
  },
};

export const assignment: Entity<Assignment> = {
  type: 'accessPackageAssignment',
  properties: ({ id, state, status, schedule, expiredAt }) => ({
    id,
    state,
    status,
    expiredDateTime: instant(expiredAt),
    customExtensionCalloutInstances: [],
    schedule: { ...schedule, recurrence: null },
  }),
  navigation: {
    accessPackage: ofPackage,
    target,
    assignmentPolicy: toOne(
      () => policy,
      ({ policyId }, { tenant, view }) => tenant.tables.policies.get(policyId, view),
    ),
  },
};
