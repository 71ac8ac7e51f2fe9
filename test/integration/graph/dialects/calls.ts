import type { Entitlements } from '../../../../shared/graph/entitlements';

export const catalogId = '34cfe9a8-88bc-4c82-b3d8-6b77d7035c33';
export const packageId = '96d247bb-47bb-96d2-bb47-d296bb47d296';
export const otherId = 'c51781b9-81b9-c517-b981-17c5b98117c5';
export const policyId = 'd622d2d5-92bf-4b3a-b1ad-2c1f1c9f3a6e';
export const requestId = '102bf6a4-f6a4-102b-a4f6-2b10a4f62b10';
export const userId = '20000000-0000-4000-8000-000000001024';
export const justification = 'joinery:abc:1:finance';

const finance = {
  displayName: 'Finance',
  description: 'What finance works with',
  hidden: false,
};

/** The five operations as the workflow asks for them: the same in every dialect. */
export const operations = {
  '000': (graph: Entitlements) => graph.bindRequest(requestId, finance),
  '001': (graph: Entitlements) => graph.createAccessPackage({ ...finance, catalogId }),
  '002': async (graph: Entitlements) =>
    graph.addIncompatible(packageId, await graph.describeAccessPackage(otherId)),
  '003': (graph: Entitlements) =>
    graph.submitAssignmentRequest({ packageId, policyId, userId, justification }),
  '004': (graph: Entitlements) =>
    recordAssignment(graph, {
      ...{ catalogId, packageId, policyId, userId },
      from: '2026-11-20T09:30:00Z',
    }),
};

/** Reads the input of the record and sends it at once; undefined if the dialect sends none. */
export const recordAssignment = async (
  graph: Entitlements,
  assignment: Parameters<Entitlements['prepareAssignment']>[0],
) => (await graph.prepareAssignment(assignment))?.();
