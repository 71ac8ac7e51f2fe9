import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { schemas } from '../../../infra/schemas/write-schemas';
import { inspectEvent } from '../../../shared/domain/events/inspect-event';
import { EventType } from '../../../shared/domain/events/lifecycle-event';
import { RejectionReason } from '../../../shared/domain/events/rejection';
import { bytesOf, exampleEvent, SOURCE, type EventBody } from '../../support/events';

const root = join(__dirname, '../../..');
const json = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));
const published = (name: string) =>
  z.fromJSONSchema(json(`docs/${name}`) as Parameters<typeof z.fromJSONSchema>[0]);

test.each(Object.entries(schemas))('docs/%s is what the product checks with', (name, schema) => {
  expect(json(`docs/${name}`)).toEqual(JSON.parse(JSON.stringify(schema())));
});

const page = readFileSync(join(root, 'docs/event-contract.md'), 'utf8');
/** The events of the page, of every type. */
const examples = [...page.matchAll(/(?<=```json\n).*?(?=```)/gs)]
  .map(([text]) => JSON.parse(text) as EventBody)
  .filter(({ type }) => EventType.safeParse(type).success);

test.each(EventType.options)('the page of the event contract has an example of %s', (type) => {
  expect(examples.map((example) => example['type'])).toContain(type);
});

test.each(examples.map((example) => [String(example['id']), example] as const))(
  'the example %s is accepted, has no unknown member, and the published schema takes it',
  (_, example) => {
    const { faults, unknown } = inspectEvent(bytesOf(example), { sources: [SOURCE] });
    expect({ faults, unknown }).toEqual({ faults: [], unknown: [] });
    expect(published('event.schema.json').safeParse(example).success).toBe(true);
  },
);

test('the published event schema refuses an unknown type, and the data of another one', () => {
  const schema = published('event.schema.json');
  for (const type of ['hr.worker.changed.v1', 'hr.worker.moved.v1', 'hr.worker.snapshot.v1'])
    expect(schema.safeParse({ ...exampleEvent(), type }).success).toBe(false);
});

test('the page of the event contract has the example and explains every rejection', () => {
  const explained = [...page.matchAll(/^\| `([a-z0-9-]+)` +\|/gm)].map((row) => row[1]);
  expect(examples[0]).toEqual(exampleEvent());
  expect(explained).toEqual(expect.arrayContaining(RejectionReason.options));
});

test('the published model schema takes the sample model and refuses an unknown member', () => {
  const schema = published('access-model.schema.json');
  const model = json('access-model.json') as object;
  expect(schema.safeParse(model).success).toBe(true);
  expect(schema.safeParse({ ...model, packages: [] }).success).toBe(false);
});
