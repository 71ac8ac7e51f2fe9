import { AccessPackage, Assignment, AssignmentRequest, PackageProperties } from './answers';
import { v1Routes } from './dialect-v1';
import { literal, segment } from './odata';
import type { ExcludedPackage, NewAssignment, NewRequest, PackageText, Routes } from './operations';
import { Identified, named, Nothing } from './published-routes';

/** The version that each document is sent to: `v1.0`, `beta`, or whatever the gateway has. */
export type DraftRoots = Record<'000' | '001' | '002' | '003' | '004', string>;

/** As the examples of the documents have them. */
export const draftRoots: DraftRoots = {
  '000': 'v1.0',
  '001': 'beta',
  '002': 'beta',
  '003': 'beta',
  '004': 'localtest',
};

/**
 * The five operations as their documents have them, for gateways and simulators that follow these; where a document's
 * route line and its example differ, the route line is sent. What the documents leave open is read from the same
 * collections, and all that they do not speak of (people, catalogs, resources, policies, held access) from v1.0.
 * Published Graph has none of the routes of 000, 002, 003 and 004: see "The five operations" in README.md.
 */
export function draftRoutes(roots: DraftRoots): Routes {
  const management = (document: keyof DraftRoots) =>
    `/${segmentOf(roots[document])}/identityGovernance/entitlementManagement`;
  const packages = `${management('001')}/accessPackages`;
  const packagesAlone = `/${segmentOf(roots['002'])}/accessPackages`;
  const requests = `${management('003')}/accessPackageAssignmentRequests`;
  const requestsToBind = `${management('000')}/assignmentRequests`;
  const assignments = `${management('004')}/accessPackageAssignments`;
  const incompatible = (packageId: string) =>
    `${packagesAlone}/${segment(packageId)}/incompatibleAccessPackages`;
  return {
    ...v1Routes,
    createAccessPackage: {
      method: 'POST',
      path: () => packages,
      body: packageBody,
      answer: AccessPackage,
    },
    findAccessPackages: {
      method: 'GET',
      path: () => packages,
      query: ({ displayName }) => ({ $filter: named(displayName) }),
      answer: AccessPackage,
    },
    describeAccessPackage: {
      method: 'GET',
      path: ({ id }) => `${packages}/${segment(id)}`,
      answer: PackageProperties,
    },
    listIncompatible: {
      method: 'GET',
      path: ({ packageId }) => incompatible(packageId),
      answer: Identified,
    },
    addIncompatible: {
      method: 'POST',
      path: ({ packageId }) => `${incompatible(packageId)}/$ref`,
      body: ({ other }) => excludedPackageBody(other),
      answer: Nothing,
    },
    submitAssignmentRequest: {
      method: 'POST',
      path: () => `${requests}/$ref`,
      body: requestBody,
      answer: AssignmentRequest,
    },
    bindRequest: {
      method: 'POST',
      path: ({ requestId }) => `${requestsToBind}/${segment(requestId)}/accessPackage/$ref`,
      body: ({ accessPackage }) => packageBody(accessPackage),
      answer: Nothing,
    },
    getAssignmentRequest: {
      method: 'GET',
      path: ({ id }) => `${requests}/${segment(id)}`,
      query: () => ({ $expand: 'accessPackage' }),
      answer: AssignmentRequest,
    },
    findAssignmentRequests: {
      method: 'GET',
      path: () => requests,
      query: ({ justification }) => ({
        $filter: `justification eq ${literal(justification)}`,
        $expand: 'accessPackage',
      }),
      answer: AssignmentRequest,
    },
    recordAssignment: {
      method: 'POST',
      path: () => `${assignments}/$ref`,
      body: assignmentBody,
      answer: Assignment,
    },
  };
}

function segmentOf(root: string): string {
  if (/^[\w-]+(\.[\w-]+)*$/.test(root)) return root;
  throw new Error('A root of the draft dialect is one path segment such as v1.0 or beta');
}

// The type names are the documents' own; published Graph has never heard of the first.
const PACKAGE = '#Microsoft.IGAELM.EC.FrontEnd.ExternalModel.accessPackage';
const REQUEST = '#microsoft.graph.accessPackageAssignmentRequest';
const ASSIGNMENT = '#microsoft.graph.accessPackageAssignment';

/** Documents 000 and 001: dates are outputs, and not sent. */
function packageBody({ displayName, description, hidden }: PackageText): object {
  return { '@odata.type': PACKAGE, displayName, description, isHidden: hidden };
}

/** Document 002 requires every property of the package, so all that were read are sent. */
function excludedPackageBody(known: ExcludedPackage): object {
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
function requestBody({ justification }: NewRequest): object {
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
function assignmentBody(
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
