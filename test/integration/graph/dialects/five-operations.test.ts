import { createEntitlements } from '../../../../shared/graph/entitlements';
import { operations, recordAssignment, documents } from './exchange';
import { startRecorder, wireOf, type Recorder } from './recorder';

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
    draftRoots: roots,
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
      draftRoots: roots,
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
    ...{ policyId: assignmentPolicyId ?? '', userId: targetId ?? '', from: '2026-11-20T09:30:00Z' },
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
