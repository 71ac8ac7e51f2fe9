import {
  ensureToTheEnd,
  ledger,
  memoryTable,
  modelOf,
  payments,
  targetOf,
} from '../../packages/ensure-harness';
import { startSimulator, type Simulator } from '../../../support/simulator';
import { recordAssignment, documents, type Exchange } from './exchange';
import { eventually } from '../../../support/eventually';

const dialects = ['v1.0', 'beta', 'draft'] as const;
const user = '20000000-0000-4000-8000-000000001024';
const justification = `joinery:${'a'.repeat(64)}:1:ledger`;

type Logged = {
  method: string;
  path: string;
  status: number;
  raw: { headers: [string, string][]; body: string };
};

/** A call without what differs from run to run: ids, texts, times. */
const shapeOf = (method: string, path: string, status: number, body: object | undefined) => ({
  method,
  path: path.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '{id}'),
  status,
  members: body && Object.keys(body),
});
const writtenShape = ({ method, path, answer, body }: Exchange) =>
  shapeOf(method, path, answer.status, body);
const loggedShape = ({ method, path, status, raw }: Logged) =>
  shapeOf(method, path, status, raw.body === '' ? undefined : (JSON.parse(raw.body) as object));

const readings = {
  'example, no null': { draftNulls: 'refuse' },
  table: { draftMembers: 'table' },
  'table, no null': { draftMembers: 'table', draftNulls: 'refuse' },
} as const;
type ReadingName = keyof typeof readings;
const cases: [string, (typeof dialects)[number], ReadingName | undefined][] = [
  ...dialects.map((dialect) => [dialect, dialect, undefined] as (typeof cases)[number]),
  ...Object.keys(readings).map(
    (name) => [`draft by ${name}`, 'draft', name] as (typeof cases)[number],
  ),
];

describe.each(cases)('the simulator and the client in %s', (_, dialect, reading) => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator(0, dialect, reading && readings[reading]);
  });
  afterAll(() => simulator.stop());

  test('the five operations give access, sent and answered as the fixtures say', async () => {
    const { graph } = simulator;
    const model = modelOf(ledger, payments);
    const table = memoryTable();
    const made = await ensureToTheEnd(graph, targetOf(model, 'ledger'), table);
    const peer = await ensureToTheEnd(graph, targetOf(model, 'payments'), table);
    if (made.kind !== 'done' || peer.kind !== 'done') throw new Error(JSON.stringify([made, peer]));
    const ids = {
      packageId: made.accessPackageId,
      catalogId: made.catalogId,
      policyId: made.assignmentPolicyId,
      userId: user,
    };
    const request = await graph.submitAssignmentRequest({ ...ids, justification });
    await graph.bindRequest(request.id, ledger);
    const found = await graph.findAssignmentRequests(ids.packageId, justification);
    expect(found).toMatchObject([{ id: request.id, packageId: ids.packageId, justification }]);

    await eventually('the request is delivered', async () => {
      const { requestStatus } = await graph.getAssignmentRequest(request.id);
      return requestStatus === 'delivered';
    });
    const from = '2026-11-20T09:30:00Z';
    await recordAssignment(graph, { ...ids, from, justification });
    expect(await graph.findAssignments(ids.packageId, user)).toMatchObject([
      {
        assignmentStatus: 'delivered',
        userId: user,
        packageId: ids.packageId,
        policyId: ids.policyId,
      },
    ]);
    const members = await fetch(
      `${simulator.url}/v1.0/groups/${ledger.resources[0]?.originId}/members?$select=id`,
    );
    expect(await members.text()).toContain(user);

    const answer = await fetch(`${simulator.url}/_control/requests?raw=1`);
    const { value } = (await answer.json()) as { value: Logged[] };
    const sent = value.map(loggedShape);
    for (const { dialects: exchanges, readings: others } of Object.values(documents)) {
      for (const exchange of (reading && others?.[reading]) ?? exchanges[dialect])
        expect(sent).toContainEqual(writtenShape(exchange));
    }
  });

  test('a complete package is verified again without a write', async () => {
    const model = modelOf(ledger, payments);
    const before = (await simulator.writes()).length;
    const again = await ensureToTheEnd(simulator.graph, targetOf(model, 'ledger'), memoryTable());
    expect(again).toMatchObject({ kind: 'done', adopted: true });
    expect(await simulator.writes()).toHaveLength(before);
  });
});
