import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

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
export const betaAround = z.record(z.string(), Exchange).parse(load('beta-around'));
