import { messageOf, type TestMessage } from '../support/events';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults, type GraphCall } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const FINANCE_GROUP = '10000000-0000-4000-8000-000000000002';
const submitted = '/accessPackageAssignmentRequests/\\$ref$';
const bound = '/assignmentRequests/[^/]+/accessPackage/\\$ref$';
const polled = '/accessPackageAssignmentRequests/[^/$]+$';
const recorded = '/accessPackageAssignments/\\$ref$';

const sent: TestMessage[] = [];

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ env: { GRAPH_DIALECT: 'draft' } });
});
afterAll(() => stack.stop());

const calls = async (method: string, path: string, after: number): Promise<GraphCall[]> =>
  (await graphCalls(stack.graphUrl, after)).filter(
    (call) => call.method === method && new RegExp(path).test(call.path),
  );
const succeeded = async (path: string, after: number): Promise<number> =>
  (await calls('POST', path, after)).filter(({ status }) => (status ?? 500) < 300).length;

/** Carries out the next such call and holds its answer until nobody waits for it. */
const holdAnswer = (method: string, path: string): Promise<void> =>
  injectGraphFaults(stack.graphUrl, [
    { match: { method, path }, times: 1, answer: { delayMs: 600_000 } },
  ]);

async function outcomeOf(workerId: string): Promise<unknown> {
  const filter = `workerId eq '${workerId}' and kind eq 'closing'`;
  const [closing] = await readTable(stack.storage, 'audit', filter);
  return closing?.['outcome'];
}

test.each([
  ['between 003 and 000', 'POST', submitted, 'W-1150'],
  ['after 000, before its answer arrives', 'POST', bound, 'W-1151'],
  ['between 000 and 004', 'GET', polled, 'W-1152'],
  ['after 004, before its answer arrives', 'POST', recorded, 'W-1153'],
])(
  'the host is killed %s: one request, bound once, one assignment recorded',
  async (_, method, path, workerId) => {
    const before = (await graphCalls(stack.graphUrl)).at(-1)?.n ?? 0;
    await holdAnswer(method, path);
    const event = joinerEvent(workerId);
    sent.push(messageOf(event));
    await stack.send([event]);
    await eventually(
      'the call is held',
      async () => (await calls(method, path, before)).length > 0,
    );
    await stack.kill('host');
    await stack.start('host');
    const outcome = await eventually('the event is closed', () => outcomeOf(workerId));
    expect(outcome).toBe('delivered');
    expect(await succeeded(submitted, before)).toBe(1);
    expect(await succeeded(bound, before)).toBe(1);
    expect(await succeeded(recorded, before)).toBe(1);
    const evidence = await collectEvidence(stack);
    expect(violations(evidence, { sent })).toEqual([]);
    const user = `20000000-0000-4000-8000-00000000${workerId.slice(2)}`;
    const members = await fetch(
      `${stack.graphUrl}/v1.0/groups/${FINANCE_GROUP}/members?$select=id`,
    );
    expect(await members.text()).toContain(user);
  },
  90_000,
);
