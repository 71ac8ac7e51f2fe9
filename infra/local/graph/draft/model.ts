import type { EntityModel } from '../odata/model';

const described = {
  displayName: 'String',
  description: 'String',
  isHidden: 'Boolean',
  createdDateTime: 'DateTimeOffset',
  modifiedDateTime: 'DateTimeOffset',
};

const known = {
  ...described,
  id: 'String',
  catalogId: 'String',
  createdBy: 'String',
  isRoleScopesVisible: 'Boolean',
  modifiedBy: 'String',
};

/** The types of the five documents: the properties of their tables, and nothing else. */
export const model: EntityModel = {
  enums: {},
  types: {
    /** What documents 000 and 001 let a body say of a package. */
    describedAccessPackage: { properties: described },
    /** What document 002 names of a package, which is also how packages are read. */
    accessPackage: { properties: known },
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
    /** Reading a request is not in the documents; that it has a package is, in 000. */
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
