import { pascal } from '../dialects/beta';
import { caller } from '../dialects/dialect';
import type { EntityModel } from '../odata/model';
import { instant, toOne, type Entity } from '../odata/present';
import type { AccessPackage, Assignment, AssignmentRequest } from '../state/rows';

/** The values of `@odata.type` in the documents. Published Graph does not know the first. */
export const typeNames = {
  accessPackage: '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage',
  request: '#microsoft.graph.accessPackageAssignmentRequest',
  assignment: '#microsoft.graph.accessPackageAssignment',
};

const describedPackageProperties = {
  displayName: 'String',
  description: 'String',
  isHidden: 'Boolean',
  createdDateTime: 'DateTimeOffset',
  modifiedDateTime: 'DateTimeOffset',
};

const knownPackage = {
  ...describedPackageProperties,
  id: 'String',
  catalogId: 'String',
  createdBy: 'String',
  isRoleScopesVisible: 'Boolean',
  modifiedBy: 'String',
};

/** The types of the five documents: exactly the properties of their tables. */
export const draftModel: EntityModel = {
  enums: {},
  types: {
    /** A package in the bodies of documents 000 and 001. */
    describedAccessPackage: { properties: describedPackageProperties },
    /** A package in document 002, and in reads. */
    accessPackage: { properties: knownPackage },
    /** Document 003. */
    accessPackageAssignmentRequest: {
      properties: {
        id: 'String',
        requestType: 'String',
        requestState: 'String',
        requestStatus: 'String',
        isValidationOnly: 'Boolean',
        createdDateTime: 'DateTimeOffset',
        completedDate: 'DateTimeOffset',
        expirationDateTime: 'DateTimeOffset',
        justification: 'String',
      },
    },
    /** A request in reads, which no document describes. That it has a package follows from 000. */
    readableRequest: {
      base: 'accessPackageAssignmentRequest',
      properties: {},
      navigation: { accessPackage: 'accessPackage' },
    },
    /** Document 004. */
    accessPackageAssignment: {
      properties: {
        id: 'String',
        catalogId: 'String',
        accessPackageId: 'String',
        assignmentPolicyId: 'String',
        targetId: 'String',
        assignmentStatus: 'String',
        assignmentState: 'String',
        isExtended: 'Boolean',
        expiredDateTime: 'DateTimeOffset',
      },
    },
  },
};

/** A package in the answer of 001. */
export const describedPackage = (row: AccessPackage): Record<string, unknown> => ({
  '@odata.type': typeNames.accessPackage,
  id: row.id,
  displayName: row.displayName,
  description: row.description,
  isHidden: row.isHidden,
  createdDateTime: instant(row.createdAt),
  modifiedDateTime: instant(row.modifiedAt),
});

/** A package with every member of 002. */
export const accessPackage: Entity<AccessPackage> = {
  model: draftModel,
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
  model: draftModel,
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
  model: draftModel,
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
