import { z } from 'zod';
import { AccessPackage, Assignment, AssignmentRequest } from './answers';
import { PackageProperties } from './answers-draft';
import { assignmentBody, excludedPackageBody, packageBody, requestBody } from './bodies-draft';
import type { DraftRoots } from './draft-roots';
import { literal, segment } from './odata';
import type { Routes } from './routes';
import { v1Routes } from './routes-v1';

const Nothing = z.unknown().transform(() => ({}));

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
      query: ({ displayName }) => ({ $filter: `displayName eq ${literal(displayName)}` }),
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
      answer: z.object({ id: z.string() }),
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
