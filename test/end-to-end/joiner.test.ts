import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { joinerEvent } from '../support/events';
import { eventually } from '../support/eventually';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

const EVENT_ID = '8b5e0c3a-joined-1';
const FINANCE_GROUP = '10000000-0000-4000-8000-000000000002';
const EM = '/v1.0/identityGovernance/entitlementManagement';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

/** Runs the command as a person would; answers what it prints with `--json`, undefined if it complains. */
async function joinery(...args: string[]): Promise<Record<string, unknown> | undefined> {
  const env = { ...process.env, JOINERY_DATA_DIR: stack.dataDir };
  const run = promisify(execFile)('node', ['dist/cli/main.js', ...args, '--json'], { env });
  return run
    .then(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>)
    .catch(() => undefined);
}

async function graph(path: string): Promise<Record<string, unknown>[]> {
  const answer = await fetch(`${stack.graphUrl}${path}`);
  const body = (await answer.json()) as { value: Record<string, unknown>[] };
  return body.value;
}

const rowsOf = (eventHash: string) =>
  readTable(stack.storage, 'audit', `PartitionKey eq '${eventHash}'`);

test('a joiner event leads to access, and to audit rows that prove it', async () => {
  await stack.send([joinerEvent('W-1024', { id: EVENT_ID })]);
  const status = await eventually('the event is closed', async () => {
    const found = await joinery('status', EVENT_ID);
    return found?.['state'] === 'closed' ? found : undefined;
  });
  expect(status).toMatchObject({
    outcome: 'delivered',
    workerId: 'W-1024',
    attempt: 1,
    version: 1,
    duplicates: 0,
  });

  const rows = await rowsOf(String(status['eventHash']));
  expect(rows.map(({ kind, step, outcome }) => ({ kind, step, outcome }))).toEqual([
    { kind: 'intended', step: 'ensure' },
    { kind: 'settled', step: 'ensure', outcome: 'complete' },
    { kind: 'intended', step: 'assign' },
    { kind: 'settled', step: 'assign', outcome: 'delivered' },
    { kind: 'closing', outcome: 'delivered' },
  ]);

  expect(rows[3]).toMatchObject({
    assignmentRequestId: expect.any(String) as unknown,
    assignmentId: expect.any(String) as unknown,
    graphRequestId: expect.any(String) as unknown,
    graphState: 'delivered',
    marginMinutes: expect.any(Number) as unknown,
  });

  const [user] = await graph(`/v1.0/users?$filter=employeeId eq 'W-1024'&$select=id`);
  const packages = await graph(
    `${EM}/accessPackages?$expand=resourceRoleScopes,assignmentPolicies`,
  );
  expect(packages).toMatchObject([
    { displayName: 'Finance', resourceRoleScopes: [{}], assignmentPolicies: [{}] },
  ]);
  expect(await graph(`${EM}/assignmentRequests`)).toMatchObject([{ state: 'delivered' }]);
  expect(await graph(`${EM}/assignments?$expand=target`)).toMatchObject([
    { state: 'delivered', target: { objectId: user?.['id'] } },
  ]);
  const members = await graph(`/v1.0/groups/${FINANCE_GROUP}/members?$select=id`);
  expect(members.map(({ id }) => id)).toContain(user?.['id']);
});

test('the audit command finds the rows by event, worker and day, and their chain holds', async () => {
  const day = new Date().toISOString().slice(0, 10);
  for (const question of [
    ['--event', EVENT_ID],
    ['--worker', 'W-1024'],
    ['--day', day],
  ]) {
    const found = await joinery('audit', ...question);
    expect(found?.['rows']).toHaveLength(5);
    expect(found?.['faults']).toEqual([]);
  }
});

test('the report of the worker names rule, policy, dates and proof from the rows alone', async () => {
  const found = await joinery('report', 'access', '--workers', 'W-1024', '--by', 'auditor');
  const text = expect.stringMatching(/./) as unknown;
  expect(found).toMatchObject({
    content: {
      rows: { in: 5, out: 1 },
      notes: [],
      lines: [
        {
          ...{ package: 'finance', action: 'grant', outcome: 'delivered', proof: 'verified' },
          ...{ rule: 'finance-staff', ruleDescription: 'Employees of Finance.', event: EVENT_ID },
          ...{ facts: [expect.stringContaining(EVENT_ID) as unknown], initiator: 'event' },
          ...{ dueAt: text, deliveredAt: text, policyId: text, requestId: text, account: text },
          ...{
            modelApproval: 'not-required',
            policyApproval: 'not-required',
            packageVersion: text,
          },
        },
      ],
    },
  });
});

test('the same event again only increases the count of duplicates', async () => {
  await stack.send([joinerEvent('W-1024', { id: EVENT_ID })]);
  const status = await eventually('the duplicate is counted', async () => {
    const found = await joinery('status', EVENT_ID);
    return found?.['duplicates'] === 1 ? found : undefined;
  });
  expect(status['attempt']).toBe(1);
  expect(await rowsOf(String(status['eventHash']))).toHaveLength(5);
  expect(await graph(`${EM}/assignmentRequests`)).toHaveLength(1);
});
