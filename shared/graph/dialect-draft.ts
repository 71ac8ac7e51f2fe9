import { AccessPackage, Assignment, AssignmentRequest, PackageProperties } from './answers';
import { v1BaseRoutes } from './dialect-v1';
import {
  assignmentBody,
  excludedPackageBody,
  ownAssignmentId,
  ownRequestId,
  packageBody,
  requestBody,
  type DraftBodies,
} from './draft-bodies';
import { literal, segment } from './odata';
import type { Routes } from './operations';
import { Identified, named, Nothing, ofPackage } from './published-routes';

/** The version that each document is sent to: `v1.0`, `beta`, or whatever the gateway has. */
export type DraftRoots = Record<'000' | '001' | '002' | '003' | '004', string>;

/** How the draft dialect follows the documents. */
export type DraftOptions = DraftBodies & { roots: DraftRoots };

/** As the examples of the documents have them. */
const exampleRoots: DraftRoots = {
  '000': 'v1.0',
  '001': 'beta',
  '002': 'beta',
  '003': 'beta',
  '004': 'localtest',
};

export const draftDefaults: DraftOptions = {
  ...{ roots: exampleRoots, members: 'example', nulls: 'send' },
};

/**
 * The five operations as their documents have them, for gateways and simulators that follow these; where a document's
 * route line and its example differ, the route line is sent. What the documents leave open is read from the same
 * collections, and all that they do not speak of (people, catalogs, resources, policies, held access) from v1.0.
 * Published Graph has none of the routes of 000, 002, 003 and 004: see docs/five-operations.md.
 */
export function draftRoutes({ roots, ...bodies }: DraftOptions): Routes {
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
    ...v1BaseRoutes,
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
    listAccessPackages: { method: 'GET', path: () => packages, answer: AccessPackage },
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
      body: ({ other }) => excludedPackageBody(other, bodies),
      answer: Nothing,
    },
    submitAssignmentRequest: {
      method: 'POST',
      path: () => `${requests}/$ref`,
      body: (request) => requestBody(request, bodies),
      object: ({ packageId }) => `${packages}/${segment(packageId)}`,
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
      query: ({ packageId, justification }) => ({
        $filter:
          justification === undefined
            ? ofPackage(packageId)
            : `justification eq ${literal(justification)}`,
        $expand: 'accessPackage',
      }),
      answer: AssignmentRequest,
    },
    listRequestsSince: {
      method: 'GET',
      path: () => requests,
      query: ({ justification }) => ({
        $filter: `justification eq ${literal(justification)}`,
        $expand: 'accessPackage',
      }),
      answer: AssignmentRequest,
    },
    listRequests: {
      method: 'GET',
      path: () => requests,
      query: () => ({ $expand: 'accessPackage' }),
      answer: AssignmentRequest,
    },
    recordAssignment: {
      method: 'POST',
      path: () => `${assignments}/$ref`,
      body: (assignment) => assignmentBody(assignment, bodies),
      object: ({ packageId }) => `${packages}/${segment(packageId)}`,
      answer: Assignment,
    },
    ...(bodies.members === 'table' && {
      getOwnRequest: {
        method: 'GET',
        path: ({ justification }) => `${requests}/${ownRequestId(justification)}`,
        query: () => ({ $expand: 'accessPackage' }),
        answer: AssignmentRequest,
      },
      getOwnAssignment: {
        method: 'GET',
        path: ({ justification }) => `${assignments}/${ownAssignmentId(justification)}`,
        answer: Assignment,
      },
    }),
  };
}

function segmentOf(root: string): string {
  if (/^[\w-]+(\.[\w-]+)*$/.test(root)) return root;
  throw new Error('A root of the draft dialect is one path segment such as v1.0 or beta');
}
