import { listIncompatible } from '../entitlements/packages';
import { merged, type Routes } from '../http/routes';
import type { Reading } from './body';
import { accessPackage } from './model';
import {
  documented,
  listAssignments,
  listPackages,
  listRequests,
  packageFilters,
  postAssignment,
  postIncompatible,
  postPackage,
  postPackageOfRequest,
  postRequest,
  readAssignment,
  readPackage,
  readRequest,
} from './operations';

/** The version under which each of the five documents is served, such as `v1.0`. */
export type DraftRoots = Record<'000' | '001' | '002' | '003' | '004', string>;

/** The versions in the examples of the documents. */
const exampleRoots: DraftRoots = {
  '000': 'v1.0',
  '001': 'beta',
  '002': 'beta',
  '003': 'beta',
  '004': 'localtest',
};

/** Reads roots such as `003=beta,004=localtest`. Documents that are not named keep their default. Throws on other text. */
export function readDraftRoots(text: string): DraftRoots {
  const roots = { ...exampleRoots };
  for (const pair of text.split(',').filter((one) => one.trim() !== '')) {
    const [, document, root] = /^\s*(\d{3})=([\w-]+(?:\.[\w-]+)*)\s*$/.exec(pair) ?? [];
    if (document === undefined || root === undefined || !isDocument(document)) {
      throw new Error(
        `GRAPH_DRAFT_ROOTS names roots by document, such as "003=beta", but has "${pair}"`,
      );
    }
    roots[document] = root;
  }
  return roots;
}

const isDocument = (name: string): name is keyof DraftRoots => Object.hasOwn(exampleRoots, name);

/**
 * The five operations of the documents, each under its root, and reads of the collections that they write to. Where a
 * route line and its example differ, the route line is served: `/$ref` of 003 and 004, and 002 at the root of its version.
 * These reads replace those of beta, but never those of v1.0, which clients of the documents use for everything else.
 */
export function draftRoutes(roots: DraftRoots, reading: Reading): Routes {
  const management = (document: keyof DraftRoots) =>
    `/${roots[document]}/identityGovernance/entitlementManagement`;
  const packages = `${management('001')}/accessPackages`;
  const requests = `${management('003')}/accessPackageAssignmentRequests`;
  const assignments = `${management('004')}/accessPackageAssignments`;
  const incompatible = `/${roots['002']}/accessPackages/{}/incompatibleAccessPackages`;
  const readsAreV1 = roots['001'] === 'v1.0';
  const packageReads: Routes = {
    [packages]: { GET: listPackages },
    [`${packages}/{}`]: { GET: readPackage },
  };
  return merged(readsAreV1 ? {} : packageReads, {
    [`${management('000')}/assignmentRequests/{}/accessPackage/$ref`]: {
      POST: documented(postPackageOfRequest(reading)),
    },
    [packages]: { POST: documented(postPackage(reading)) },
    [incompatible]: {
      GET: (call) => listIncompatible(accessPackage, packageFilters, call),
    },
    [`${incompatible}/$ref`]: {
      POST: documented(postIncompatible(reading)),
    },
    [requests]: { GET: listRequests },
    [`${requests}/$ref`]: { POST: documented(postRequest(reading)) },
    [`${requests}/{}`]: { GET: readRequest },
    [assignments]: { GET: listAssignments },
    [`${assignments}/$ref`]: { POST: documented(postAssignment(reading)) },
    [`${assignments}/{}`]: { GET: readAssignment },
  });
}
