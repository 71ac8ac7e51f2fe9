import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Entitlements } from '../../../../shared/graph/entitlements';

/** One call as it must be on the wire, and its answer. `{root}` is the address of the server. */
export const Exchange = z.strictObject({
  method: z.enum(['GET', 'POST']),
  path: z.string(),
  query: z.record(z.string(), z.string()),
  headers: z.record(z.string(), z.string()),
  body: z.record(z.string(), z.unknown()).optional(),
  answer: z.strictObject({
    status: z.number(),
    body: z.record(z.string(), z.unknown()).optional(),
  }),
});
export type Exchange = z.infer<typeof Exchange>;

const Dialects = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ 'v1.0': item, beta: item, draft: item });

/** One of the five operations: its document, and its calls in each dialect, if any. */
const Operation = z.strictObject({
  document: z.strictObject({
    title: z.string(),
    routeLine: z.string(),
    exampleRoot: z.string(),
    properties: z.array(z.string()),
    answer: z.string(),
  }),
  dialects: Dialects(z.array(Exchange)),
  /** The calls of `draft` with other settings than the default. `{now}` is the time of the call. */
  readings: z
    .strictObject({
      'example, no null': z.array(Exchange),
      table: z.array(Exchange),
      'table, no null': z.array(Exchange),
    })
    .optional(),
  result: z.record(z.string(), z.unknown()).optional(),
});
export type Operation = z.infer<typeof Operation>;

const load = (name: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, 'fixtures', `${name}.json`), 'utf8'));

export const documents = {
  '000': Operation.parse(load('000-bind-package')),
  '001': Operation.parse(load('001-create-access-package')),
  '002': Operation.parse(load('002-add-incompatible-access-package')),
  '003': Operation.parse(load('003-submit-assignment-request')),
  '004': Operation.parse(load('004-record-assignment')),
};
export const polling = z.record(z.string(), Dialects(Exchange)).parse(load('polling'));
/** Null where the documents of a dialect have no such operation. */
export const changes = z.record(z.string(), Dialects(Exchange.nullable())).parse(load('changes'));
export const betaAround = z.record(z.string(), Exchange).parse(load('beta-around'));

export const catalogId = '34cfe9a8-88bc-4c82-b3d8-6b77d7035c33';
export const packageId = '96d247bb-47bb-96d2-bb47-d296bb47d296';
export const otherId = 'c51781b9-81b9-c517-b981-17c5b98117c5';
export const policyId = 'd622d2d5-92bf-4b3a-b1ad-2c1f1c9f3a6e';
export const assignmentId = 'e4383339-3339-e438-3933-38e4393338e4';
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
    graph.addIncompatible(
      packageId,
      await graph.describeAccessPackage(otherId, () => Promise.resolve(catalogId)),
    ),
  '003': (graph: Entitlements) =>
    graph.submitAssignmentRequest({ packageId, policyId, userId, justification }),
  '004': (graph: Entitlements) =>
    recordAssignment(graph, {
      ...{ catalogId, packageId, policyId, userId, justification },
      from: '2026-11-20T09:30:00Z',
    }),
};

/** Reads the input of the record and sends it at once; undefined if the dialect sends none. */
export const recordAssignment = async (
  graph: Entitlements,
  assignment: Parameters<Entitlements['prepareAssignment']>[0],
) => (await graph.prepareAssignment(assignment))?.();
