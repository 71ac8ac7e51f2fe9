import type { ExcludedPackage, NewAssignment, NewRequest, PackageText } from './definitions';

// The type names are the documents' own; published Graph has never heard of the first.
const PACKAGE = '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage';
const REQUEST = '#microsoft.graph.accessPackageAssignmentRequest';
const ASSIGNMENT = '#microsoft.graph.accessPackageAssignment';

/** Documents 000 and 001: dates are outputs, and not sent. */
export function packageBody({ displayName, description, hidden }: PackageText): object {
  return { '@odata.type': PACKAGE, displayName, description, isHidden: hidden };
}

/** Document 002 requires every property of the package, so all that were read are sent. */
export function excludedPackageBody(known: ExcludedPackage): object {
  const { catalogId, createdBy, createdDateTime, description, displayName } = known;
  const { id, isHidden, isRoleScopesVisible, modifiedBy, modifiedDateTime } = known;
  return presentOf({
    '@odata.type': PACKAGE,
    ...{ catalogId, createdBy, createdDateTime, description, displayName },
    ...{ id, isHidden, isRoleScopesVisible, modifiedBy, modifiedDateTime },
  });
}

/**
 * Document 003: it knows no person, package or policy, so the request is known again by its justification alone. The id
 * is the server's to give, and no date is known.
 */
export function requestBody({ justification }: NewRequest): object {
  return {
    '@odata.type': REQUEST,
    requestType: 'AdminAdd',
    requestState: 'Submitted',
    requestStatus: 'Accepted',
    isValidationOnly: false,
    justification,
  };
}

/** Document 004; `expiredDateTime` only where the policy has an end. */
export function assignmentBody(
  assignment: NewAssignment & { expiredDateTime: string | undefined },
): object {
  return presentOf({
    '@odata.type': ASSIGNMENT,
    catalogId: assignment.catalogId,
    accessPackageId: assignment.packageId,
    assignmentPolicyId: assignment.policyId,
    targetId: assignment.userId,
    assignmentStatus: 'Delivered',
    assignmentState: 'Delivered',
    isExtended: false,
    expiredDateTime: assignment.expiredDateTime,
  });
}

function presentOf(members: Record<string, unknown>): object {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
  );
}
