import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { schemas } from '../../../infra/schemas/write-schemas';
import { RejectionReason } from '../../../shared/domain/events/rejection';
import { exampleEvent } from '../../support/events';

const root = join(__dirname, '../../..');
const json = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));
const published = (name: string) =>
  z.fromJSONSchema(json(`docs/${name}`) as Parameters<typeof z.fromJSONSchema>[0]);

test.each(Object.entries(schemas))('docs/%s is what the product checks with', (name, schema) => {
  expect(json(`docs/${name}`)).toEqual(JSON.parse(JSON.stringify(schema())));
});

test('the published event schema takes the example and refuses an unknown type', () => {
  const schema = published('event.schema.json');
  expect(schema.safeParse(exampleEvent()).success).toBe(true);
  expect(schema.safeParse({ ...exampleEvent(), type: 'hr.worker.left.v1' }).success).toBe(false);
});

test('the page of the event contract has the example and explains every rejection', () => {
  const page = readFileSync(join(root, 'docs/event-contract.md'), 'utf8');
  const [example = ''] = /(?<=```json\n).*?(?=```)/s.exec(page) ?? [];
  const explained = [...page.matchAll(/^\| `([a-z0-9-]+)` +\|/gm)].map((row) => row[1]);
  expect(JSON.parse(example)).toEqual(exampleEvent());
  expect(explained).toEqual(expect.arrayContaining(RejectionReason.options));
});

test('the published model schema takes the sample model and refuses an unknown member', () => {
  const schema = published('access-model.schema.json');
  const model = json('access-model.json') as object;
  expect(schema.safeParse(model).success).toBe(true);
  expect(schema.safeParse({ ...model, packages: [] }).success).toBe(false);
});
