import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* Two people who get two packages that exclude each other, at a gateway that checks one reading of the documents strictly. */

const submitted = '/accessPackageAssignmentRequests/\\$ref$';
const recorded = '/accessPackageAssignments/\\$ref$';

const tenantFile = join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json');
const tenant = JSON.parse(readFileSync(tenantFile, 'utf8')) as object;

/** The UUID of RFC 9562, 5.5, written from the RFC and not from the product. */
function uuidV5(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.concat([Buffer.from(namespace.replace(/-/g, ''), 'hex'), Buffer.from(name)]))
    .digest('hex');
  const variant = ((parseInt(hash.charAt(16), 16) % 4) + 8).toString(16);
  const digits = `${hash.slice(0, 12)}5${hash.slice(13, 16)}${variant}${hash.slice(17, 32)}`;
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
}

describe.each([
  ['the examples', {}],
  [
    'the tables, without null',
    {
      ...{ GRAPH_DRAFT_MEMBERS: 'table', GRAPH_DRAFT_NULLS: 'refuse' },
      GRAPH_EXPECT_NULLS: 'refuse',
    },
  ],
])('at a gateway that follows %s', (reading, env) => {
  const sent: TestMessage[] = [];
  let stack: TestStack;
  beforeAll(async () => {
    const files = { GRAPH_TENANT: { ...tenant, holdings: [] } };
    stack = await startStack({ env: { GRAPH_DIALECT: 'draft', ...env }, files });
  });
  afterAll(() => stack.stop());

  const send = async (workerId: string, jobCode: string, workerType = 'trainee') => {
    const attributes = { department: 'Finance', jobCode, workerType };
    const id = `${workerId}-${jobCode}`;
    const event = joinerEvent(workerId, { id, data: { attributes, employmentId: jobCode } });
    const message = messageOf(event);
    sent.push(message);
    await stack.send([event]);
    return message.eventHash;
  };
  const endingOf = (eventHash: string) =>
    eventually('the event is closed', async () => {
      const rows = await readTable(stack.storage, 'audit', `PartitionKey eq '${eventHash}'`);
      const closing = rows.find(({ kind }) => kind === 'closing');
      return closing && [closing['outcome'], closing['reason']].filter(Boolean).join(': ');
    });
  const state = async () => {
    const answer = await fetch(`${stack.graphUrl}/_control/state`);
    return (await answer.json()) as {
      requests: { id: string; justification: string }[];
      assignments: { id: string }[];
      accessPackages: { id: string; displayName: string }[];
    };
  };

  test('both joiners of a new pair of incompatible packages are delivered', async () => {
    const hashes = [await send('W-1170', 'FIN-PA-1'), await send('W-1171', 'OPS-VM-1')];
    expect(await Promise.all(hashes.map(endingOf))).toEqual(['delivered', 'delivered']);
    const calls = await graphCalls(stack.graphUrl);
    const links = calls.filter(({ path }) => /incompatibleAccessPackages\/\$ref$/.test(path));
    // Of two packages that are ensured at once both may set a direction, which the gateway takes twice.
    const directions = new Map(links.map(({ path, method, status }) => [path, [method, status]]));
    expect([...directions.values()]).toEqual([
      ['POST', 204],
      ['POST', 204],
    ]);
    expect(links.filter(({ status }) => status !== 204)).toEqual([]);
    expect(links.length).toBeLessThanOrEqual(4);
    expect(calls.filter(({ status }) => status === 400)).toEqual([]);
  });

  test('a request and an assignment whose answers were lost are found again and made once', async () => {
    await injectGraphFaults(
      stack.graphUrl,
      [submitted, recorded].map((path) => ({
        match: { method: 'POST', path },
        times: 1,
        answer: 'drop-after-commit',
      })),
    );
    const before = await state();
    const hash = await send('W-1172', 'FIN-PA-1');
    expect(await endingOf(hash)).toBe('delivered');
    const { requests, assignments } = await state();
    const tag = `joinery:${hash}:1:payments-approval`;
    const own = requests.filter(({ justification }) => justification === tag);
    expect(own).toHaveLength(1);
    expect(assignments).toHaveLength(before.assignments.length + 1);
    if (reading === 'the examples') return;
    expect(own[0]?.id).toBe(uuidV5('6f0e2d4b-3c5a-4f0e-9d57-1a9b6c1f8e21', tag));
    const assignmentId = uuidV5('b1c7a9d3-52e4-4a86-8f3d-7c2e9f40a6b5', tag);
    expect(assignments.map(({ id }) => id)).toContain(assignmentId);
    const reads = (await graphCalls(stack.graphUrl)).filter(({ method }) => method === 'GET');
    expect(reads.map(({ path }) => path.split('/').at(-1))).toContain(own[0]?.id);
  });

  test('the gateway refuses to record an assignment because of a package that the person holds: refused-sod', async () => {
    expect(await endingOf(await send('W-1173', 'FIN-PA-1'))).toBe('delivered');
    expect(await endingOf(await send('W-1174', 'FIN-FA-1', 'employee'))).toBe('delivered');
    const { accessPackages } = await state();
    const idOf = (name: string) =>
      accessPackages.find(({ displayName }) => displayName === name)?.id ?? '';
    // Only Entra says so, and the gateway says it only when the assignment is recorded.
    const edited = await fetch(`${stack.graphUrl}/_control/accessPackages/${idOf('Finance')}`, {
      ...{ method: 'PATCH', headers: { 'Content-Type': 'application/json' } },
      body: JSON.stringify({ incompatibleWith: [idOf('Payments Approval')] }),
    });
    expect(edited.status).toBe(200);
    expect(await endingOf(await send('W-1173', 'FIN-FA-1', 'employee'))).toBe(
      `partly-delivered: holds-incompatible-package:${idOf('Payments Approval')}`,
    );
  });

  test('every invariant holds afterwards', async () => {
    const evidence = await collectEvidence(stack);
    expect(violations(evidence, { sent })).toEqual([]);
  });
});
