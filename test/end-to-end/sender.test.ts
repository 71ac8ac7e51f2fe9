import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { eventually } from '../support/eventually';
import { joinerMessage, type TestMessage } from '../support/events';
import { runCommand } from '../support/run-command';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* What the sender of an event learns, before it is sent and from its rows. */

let stack: TestStack;
const sent: TestMessage[] = [];

beforeAll(async () => {
  stack = await startStack({ env: { GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '200ms' } });
}, 60_000);
afterAll(() => stack.stop());

const FINANCE = { department: 'Finance', workerType: 'employee', location: 'Berlin' };

/** Sends the event with the command; answers what it warns of, and the closing and settled rows. */
async function ending(workerId: string, attributes: Record<string, string>) {
  const message = joinerMessage(workerId, attributes);
  sent.push(message);
  const settings = { JOINERY_DATA_DIR: stack.dataDir };
  const { code, stdout, stderr } = await runCommand(
    ['send', '-', '--json'],
    settings,
    message.body,
  );
  if (code !== 0) throw new Error(stderr);
  const { events } = JSON.parse(stdout) as { events: { warnings: object[] }[] };
  const rows = await eventually('the event is closed', async () => {
    const found = await readTable(stack.storage, 'audit', `PartitionKey eq '${message.eventHash}'`);
    return found.some(({ kind }) => kind === 'closing') ? found : undefined;
  });
  const row = (kind: string, step?: string) =>
    rows.find((one) => one['kind'] === kind && one['step'] === step);
  return {
    warnings: events[0]?.warnings,
    closing: row('closing'),
    assign: row('settled', 'assign'),
  };
}

test('an event that differs from a rule by case is warned of by the command, and its closing row names that rule', async () => {
  const { warnings, closing } = await ending('W-1001', { ...FINANCE, department: 'finance' });
  expect(warnings).toMatchObject([
    { code: 'no-matching-rule', field: 'data.attributes.department' },
  ]);
  expect(closing).toMatchObject({ outcome: 'no-matching-rule', reason: 'finance-staff' });
}, 60_000);

test('an event that lacks an attribute of a rule is warned of by the command, and its closing row names that rule', async () => {
  const { location, department } = FINANCE;
  const { warnings, closing } = await ending('W-1002', { location, department: `${department} ` });
  expect(warnings).toMatchObject([{ code: 'no-matching-rule' }]);
  expect(closing).toMatchObject({ outcome: 'no-matching-rule', reason: 'finance-staff' });
  expect(JSON.stringify(closing)).not.toContain('Finance');
}, 60_000);

test('a row says what the model and what the policy in Entra asks for, apart, where the two differ', async () => {
  const before = await ending('W-1024', FINANCE);
  expect(before.warnings).toEqual([]);
  expect(before.assign).toMatchObject({
    ...{ outcome: 'delivered', modelApproval: 'not-required', policyApproval: 'not-required' },
  });
  await requireApproval(String(before.assign?.['assignmentPolicyId']));
  const after = await ending('W-1025', FINANCE);
  expect(after.closing).toMatchObject({ outcome: 'approval-required' });
  expect(after.assign).toMatchObject({
    outcome: 'approval-required',
    modelApproval: 'not-required',
    policyApproval: 'required',
  });
  expect(after.assign?.['approval']).toBeUndefined();
}, 60_000);

test('every event ended once, with its rows', async () => {
  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
});

async function requireApproval(policyId: string): Promise<void> {
  const manager = { '@odata.type': '#microsoft.graph.requestorManager', managerLevel: 1 };
  const stage = { durationBeforeAutomaticDenial: 'P14D', primaryApprovers: [manager] };
  const requestApprovalSettings = {
    ...{ isApprovalRequiredForAdd: true, isApprovalRequiredForUpdate: false },
    stages: [stage],
  };
  const answer = await fetch(`${stack.graphUrl}/_control/policies/${policyId}`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ requestApprovalSettings }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
