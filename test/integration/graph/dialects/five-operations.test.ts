import { draftDefaults } from '../../../../shared/graph/dialect-draft';
import { createEntitlements } from '../../../../shared/graph/entitlements';
import { justification, operations, policyId, recordAssignment, documents } from './exchange';
import { startRecorder, wireOf, type Recorded, type Recorder } from './recorder';

let recorder: Recorder;
beforeAll(async () => {
  recorder = await startRecorder();
});
afterAll(() => recorder.stop());

const dialects = ['v1.0', 'beta', 'draft'] as const;
const clientOf = (dialect: (typeof dialects)[number]) =>
  createEntitlements({ root: recorder.url, dialect, deadlineMs: 5_000, appVersion: '1.2.3' });

const numbers = ['000', '001', '002', '003', '004'] as const;
const cases = numbers.flatMap((number) => dialects.map((dialect) => ({ number, dialect })));

test.each(cases)(
  '$number in $dialect is sent byte for byte as its fixture says',
  async (wanted) => {
    const { dialects: calls, result } = documents[wanted.number];
    const exchanges = calls[wanted.dialect];
    recorder.expect(exchanges);
    const answer = await operations[wanted.number](clientOf(wanted.dialect));
    expect(recorder.recorded).toEqual(exchanges.map((exchange) => wireOf(exchange, recorder.url)));
    if (result && exchanges.length > 0) expect(answer).toMatchObject(result);
    for (const headers of recorder.otherHeaders) {
      expect(headers['client-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers['user-agent']).toMatch(/^joinery\/1\.2\.3 /);
    }
  },
);

const readings = [
  { name: 'example, no null', members: 'example', nulls: 'refuse' },
  { name: 'table', members: 'table', nulls: 'send' },
  { name: 'table, no null', members: 'table', nulls: 'refuse' },
] as const;

/** The call with `{now}` where it has a time of the last minute and the fixture says so. */
function withNow(call: Recorded, written: Recorded): Recorded {
  if (!call.body || !written.body) return call;
  const named = Object.entries(JSON.parse(written.body) as object)
    .filter(([, value]) => value === '{now}')
    .map(([member]) => member);
  const members = Object.entries(JSON.parse(call.body) as object).map(
    ([member, value]: [string, unknown]) => {
      const age = Date.now() - Date.parse(String(value));
      return [member, named.includes(member) && age >= 0 && age < 60_000 ? '{now}' : value];
    },
  );
  return { ...call, body: JSON.stringify(Object.fromEntries(members)) };
}

test.each(
  (['002', '003', '004'] as const).flatMap((number) =>
    readings.map((reading) => ({ number, ...reading })),
  ),
)('$number in draft by $name is sent byte for byte', async ({ number, name, members, nulls }) => {
  const exchanges = documents[number].readings?.[name] ?? [];
  recorder.expect(exchanges);
  const draft = { ...draftDefaults, members, nulls };
  const graph = createEntitlements({
    ...{ root: recorder.url, dialect: 'draft', draft, deadlineMs: 5_000, appVersion: '1.2.3' },
  });
  await operations[number](graph);
  const written = exchanges.map((exchange) => wireOf(exchange, recorder.url));
  expect(recorder.recorded).toHaveLength(2);
  expect(recorder.recorded.map((call, place) => withNow(call, written[place] ?? call))).toEqual(
    written,
  );
});

test.each(['002', '003', '004'] as const)(
  '%s by its table has every property of the table, in its order',
  (number) => {
    const { document, readings: bodies } = documents[number];
    for (const name of ['table', 'table, no null'] as const) {
      const [, ...members] = Object.keys(bodies?.[name].at(-1)?.body ?? {});
      expect(members).toEqual(document.properties);
    }
  },
);

test('neither a request nor an assignment is sent with an end in the past', async () => {
  const graph = clientOf('draft');
  const [look] = documents['004'].dialects.draft;
  if (!look) throw new Error('the fixture has a look');
  const over = {
    id: policyId,
    expiration: { type: 'afterDateTime', endDateTime: '2026-01-01T00:00:00Z' },
  };
  for (const number of ['003', '004'] as const) {
    recorder.expect([{ ...look, answer: { status: 200, body: { value: [over] } } }]);
    await expect(operations[number](graph)).rejects.toMatchObject({
      fault: { code: 'lifetime-over' },
    });
    expect(recorder.recorded.map(({ method }) => method)).toEqual(['GET']);
  }
});

test.each(numbers)(
  '%s in draft follows the route line and properties of its document',
  (number) => {
    const { document, dialects: calls } = documents[number];
    const call = calls.draft.at(-1);
    const [method, path = ''] = document.routeLine.split(' ');
    const pattern = path.split(/\{\w+\}/).map((part) => part.replaceAll('$', '\\$'));
    expect(call?.method).toBe(method);
    expect(call?.path).toMatch(
      new RegExp(`^/${document.exampleRoot}${pattern.join('[0-9a-f-]{36}')}$`),
    );
    const { '@odata.type': type, ...members } = call?.body ?? {};
    expect(type).toMatch(/^#/);
    expect(document.properties).toEqual(expect.arrayContaining(Object.keys(members)));
    expect(document.answer).toMatch(new RegExp(`^${call?.answer.status ?? 0} `));
  },
);

test('each document of the draft dialect goes to the root that is set for it', async () => {
  const roots = { '000': 'a', '001': 'b', '002': 'c', '003': 'd', '004': 'e' };
  const graph = createEntitlements({
    root: recorder.url,
    dialect: 'draft',
    draft: { ...draftDefaults, roots },
    appVersion: '1.2.3',
  });
  for (const number of numbers) {
    const exchanges = documents[number].dialects.draft;
    recorder.expect(exchanges);
    await operations[number](graph);
    const sent = recorder.recorded.at(-1)?.path;
    const written = exchanges.at(-1)?.path.replace(/^\/[^/]+/, '');
    expect(sent).toBe(`/${roots[number]}${written}`);
  }
});

test('a root that would leave its path segment is refused', () => {
  const roots = { '000': '..', '001': 'b', '002': 'c', '003': 'd', '004': 'e' };
  expect(() =>
    createEntitlements({
      root: recorder.url,
      dialect: 'draft',
      draft: { ...draftDefaults, roots },
      appVersion: '1',
    }),
  ).toThrow(/path segment/);
});

test('an assignment is not recorded by preparing it, nor without an end that its policy has', async () => {
  const graph = clientOf('draft');
  const [look, record] = documents['004'].dialects.draft;
  if (!look || !record) throw new Error('the fixture has a look and a POST');
  const { catalogId, accessPackageId, assignmentPolicyId, targetId } = record.body as Record<
    string,
    string
  >;
  const assignment = {
    ...{ catalogId: catalogId ?? '', packageId: accessPackageId ?? '' },
    ...{
      policyId: assignmentPolicyId ?? '',
      userId: targetId ?? '',
      justification,
      from: '2026-11-20T09:30:00Z',
    },
  };
  recorder.expect([look]);
  expect(await graph.prepareAssignment(assignment)).toBeInstanceOf(Function);
  expect(recorder.recorded.map(({ method }) => method)).toEqual(['GET']);

  const odd = { id: assignment.policyId, expiration: { type: 'afterDuration', duration: 'soon' } };
  recorder.expect([{ ...look, answer: { status: 200, body: { value: [odd] } } }]);
  await expect(recordAssignment(graph, assignment)).rejects.toMatchObject({
    fault: { code: 'invalid-value' },
  });
  expect(recorder.recorded.map(({ method }) => method)).toEqual(['GET']);
});
