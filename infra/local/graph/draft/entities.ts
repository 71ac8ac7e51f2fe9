import type { Entity } from '../odata/entities';
import { instant, navigationIn } from '../odata/navigation';
import type { AccessPackage, Assignment, AssignmentRequest } from '../state/rows';
import { caller, pascal } from '../beta/words';
import { draft } from './documented';
import { typeNames } from './type-names';

const { toOne } = navigationIn(draft);

/** A package as 001 answers with it. */
export const describedPackage = (row: AccessPackage): Record<string, unknown> => ({
  '@odata.type': typeNames.accessPackage,
  id: row.id,
  displayName: row.displayName,
  description: row.description,
  isHidden: row.isHidden,
  createdDateTime: instant(row.createdAt),
  modifiedDateTime: instant(row.modifiedAt),
});

/** A package with all that 002 names of it. */
export const accessPackage: Entity<AccessPackage> = {
  type: 'accessPackage',
  properties: (row) => ({
    ...describedPackage(row),
    catalogId: row.catalogId ?? null,
    createdBy: caller,
    isRoleScopesVisible: row.isRoleScopesVisible ?? false,
    modifiedBy: caller,
  }),
  navigation: {},
};

export const request: Entity<AssignmentRequest> = {
  type: 'readableRequest',
  properties: (row) => ({
    '@odata.type': typeNames.request,
    id: row.id,
    requestType: pascal(row.requestType),
    requestState: pascal(row.state),
    requestStatus: row.status,
    isValidationOnly: false,
    createdDateTime: instant(row.createdAt),
    completedDate: instant(row.completedAt) ?? row.given?.completedDate ?? null,
    expirationDateTime: row.given?.expirationDateTime ?? null,
    justification: row.justification,
  }),
  navigation: {
    accessPackage: toOne(
      () => accessPackage,
      ({ packageId }, { tenant, view }) => tenant.tables.accessPackages.get(packageId ?? '', view),
    ),
  },
};

/** `targetId` is the user's object id, as 004 sends it. */
export const assignment: Entity<Assignment> = {
  type: 'accessPackageAssignment',
  properties: (row, { tenant }) => ({
    '@odata.type': typeNames.assignment,
    id: row.id,
    catalogId: tenant.tables.accessPackages.get(row.packageId)?.catalogId ?? null,
    accessPackageId: row.packageId,
    assignmentPolicyId: row.policyId,
    targetId: row.targetId,
    assignmentStatus: row.status,
    assignmentState: pascal(row.state),
    isExtended: row.isExtended ?? false,
    expiredDateTime: instant(row.expiredAt) ?? row.schedule.expiration.endDateTime,
  }),
  navigation: {},
};
