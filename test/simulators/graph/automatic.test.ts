import { createCompletePackage, submit, v1 } from './packages';
import {
  groupId,
  refusal,
  sharedSimulator,
  smallTenant,
  startSimulator,
  until,
  userId,
  type Json,
} from './simulator';

/* Access by a rule, accounts that come and go, and what tests plant. */

const simulator = sharedSimulator({
  tenant: {
    ...smallTenant,
    users: [
      { employeeId: 'W-2001', attributes: { department: 'Finance' } },
      { employeeId: 'W-2002', attributes: { department: 'Sales', jobTitle: 'Lead' } },
    ],
  },
});

const control = async (method: string, path: string, body?: unknown): Promise<Json> => {
  const answer = await simulator.call(method, `/_control/${path}`, body);
  expect(answer.status).toBe(200);
  return answer.body;
};

/** The active assignments of a person to a package, without replica lag. */
const heldBy = async (worker: number, packageId: string): Promise<Json[]> => {
  const { assignments } = await simulator.state();
  return assignments.filter(
    (row) =>
      row.targetId === userId(worker) && row['packageId'] === packageId && row.state !== 'expired',
  );
};
const holding = (worker: number, packageId: string) =>
  until(
    () => heldBy(worker, packageId),
    ([one]) => one?.['state'] === 'delivered',
  );
const notHolding = (worker: number, packageId: string) =>
  until(
    () => heldBy(worker, packageId),
    ({ length }) => length === 0,
  );

const byRule = (packageId: string, membershipRule: string, more: Json = {}): Json =>
  v1.policyBody(packageId, {
    allowedTargetScope: 'specificDirectoryUsers',
    specificAllowedTargets: [
      { '@odata.type': '#microsoft.graph.attributeRuleMembers', membershipRule },
    ],
    requestorSettings: { allowCustomAssignmentSchedule: false },
    automaticRequestSettings: {
      requestAccessForAllowedTargets: true,
      removeAccessWhenTargetLeavesAllowedTargets: true,
    },
    ...more,
  });

describe('An automatic policy', () => {
  test('gives its package to whom its rule includes, recognisable by the policy alone', async () => {
    const { accessPackage } = await createCompletePackage(simulator, { name: 'By rule' });
    const made = await simulator.call(
      'POST',
      v1.policies,
      byRule(accessPackage, '(user.department -eq "finance")'),
    );
    expect(made.status).toBe(201);
    const [held] = await holding(2001, accessPackage);
    expect(held).toMatchObject({ policyId: made.body['id'] });
    expect(await heldBy(2002, accessPackage)).toEqual([]);
    const read = await simulator.call(
      'GET',
      `EM/assignments/${String(held?.['id'])}?$expand=assignmentPolicy`,
    );
    expect(read.body['assignmentPolicy']).toMatchObject({
      ...{
        id: made.body['id'],
        automaticRequestSettings: { requestAccessForAllowedTargets: true },
      },
    });
    expect(read.body).not.toHaveProperty('justification');
    const { requests } = await simulator.state();
    expect(requests.filter((one) => one['packageId'] === accessPackage)).toMatchObject([
      { requestType: 'systemAdd' },
    ]);
  });

  test('passes over people who hold the package, until they lose it', async () => {
    const { accessPackage, policy } = await createCompletePackage(simulator, { name: 'Both ways' });
    const hand = await control('POST', 'assignments', {
      ...{ packageName: 'Both ways', employeeId: 'W-2001', policyId: policy },
    });
    const rule = 'user.department -eq "Finance" -and user.accountEnabled -eq true';
    const automatic = await control('POST', 'policies', { packageName: 'Both ways', rule });
    expect(await heldBy(2001, accessPackage)).toMatchObject([{ id: hand['id'] }]);
    await simulator.call('POST', v1.requests, v1.revokeBody(hand['id'] as string));
    const [given] = await until(
      () => heldBy(2001, accessPackage),
      ([one]) => one?.['policyId'] === automatic['id'] && one?.['state'] === 'delivered',
    );
    expect(given?.['id']).not.toBe(hand['id']);
  });

  test('follows the directory: it gives to who comes into its rule and takes from who leaves it', async () => {
    const { accessPackage } = await createCompletePackage(simulator, { name: 'Leads' });
    const rule = '(user.jobTitle -eq "Lead") -or (user.jobTitle -eq "Head")';
    await control('POST', 'policies', { packageName: 'Leads', rule });
    await holding(2002, accessPackage);
    await control('PATCH', `users/${userId(2002)}`, { attributes: { jobTitle: 'Clerk' } });
    await notHolding(2002, accessPackage);
    await control('PATCH', `users/${userId(2002)}`, { attributes: { jobTitle: 'head' } });
    await holding(2002, accessPackage);
  });

  test('does not take what was given by hand', async () => {
    const { accessPackage, policy } = await createCompletePackage(simulator, { name: 'By hand' });
    await control('POST', 'assignments', {
      ...{ packageName: 'By hand', employeeId: 'W-1001', policyId: policy },
    });
    await control('POST', 'policies', {
      ...{ packageName: 'By hand', rule: 'user.department -ne ""' },
    });
    await holding(2001, accessPackage);
    expect(await heldBy(1001, accessPackage)).toMatchObject([{ policyId: policy }]);
  });

  test('that is there from the start has given its access', async () => {
    const own = await startSimulator({
      tenant: {
        ...smallTenant,
        users: [{ employeeId: 'W-2001', attributes: { department: 'Finance' } }],
        catalogs: [
          {
            ...{ id: groupId(500), displayName: 'Staff' },
            resources: [{ originSystem: 'AadGroup', originId: groupId(1) }],
            accessPackages: [
              {
                ...{ id: groupId(501), displayName: 'Seeded' },
                roles: [{ resource: groupId(1), role: `Member_${groupId(1)}` }],
                policies: [
                  {
                    ...{ id: groupId(502), displayName: 'rule' },
                    members: byRule('', 'user.department -eq "Finance"'),
                  },
                ],
              },
            ],
          },
        ],
      },
    });
    expect((await own.state()).assignments).toMatchObject([
      { targetId: userId(2001), policyId: groupId(502), state: 'delivered' },
    ]);
    await own.stop();
  });

  test('is refused as a second one, with an approval, or without one readable rule', async () => {
    const { accessPackage } = await createCompletePackage(simulator, { name: 'Once' });
    const post = async (body: Json): Promise<unknown> =>
      refusal(await simulator.call('POST', v1.policies, body));
    const rule = 'user.department -eq "Nobody"';
    const stages = [{ primaryApprovers: [] }];
    const approval = { requestApprovalSettings: { isApprovalRequiredForAdd: true, stages } };
    expect(await post(byRule(accessPackage, rule, approval))).toEqual([400, 'InvalidRequest']);
    expect(await post(byRule(accessPackage, 'user.department'))).toEqual([400, 'InvalidModel']);
    expect(await post(byRule(accessPackage, '(user.department -eq "x"'))).toEqual([
      ...[400, 'InvalidModel'],
    ]);
    const odd = byRule(accessPackage, 'user.department -match "x"');
    expect(await post(odd)).toEqual([501, 'NotSimulated']);
    const people = { allowedTargetScope: 'allMemberUsers', specificAllowedTargets: [] };
    expect(await post(byRule(accessPackage, rule, people))).toEqual([400, 'InvalidModel']);
    const first = await simulator.call('POST', v1.policies, byRule(accessPackage, rule));
    expect(first.status).toBe(201);
    expect(await post(byRule(accessPackage, rule))).toEqual([400, 'InvalidRequest']);
  });

  test('takes no request of an administrator', async () => {
    const complete = await createCompletePackage(simulator, { name: 'Rule only' });
    const made = await simulator.call(
      'POST',
      v1.policies,
      byRule(complete.accessPackage, 'user.department -eq "Nobody"'),
    );
    const policy = made.body['id'] as string;
    const answer = await submit(simulator, { ...complete, policy }, 1002);
    expect(refusal(answer)).toEqual([400, 'InvalidRequest']);
  });
});

describe('An account', () => {
  test('that is deleted loses its access, and its open request is not delivered', async () => {
    const { accessPackage } = await createCompletePackage(simulator, { name: 'Gone' });
    await control('POST', 'assignments', { packageName: 'Gone', employeeId: 'W-1003' });
    const other = await createCompletePackage(simulator, { name: 'Waiting', group: 2 });
    const open = await control('POST', 'requests', {
      ...{ packageName: 'Waiting', employeeId: 'W-1003', state: 'pendingApproval' },
    });
    await control('DELETE', `users/${userId(1003)}`);
    expect(await heldBy(1003, accessPackage)).toEqual([]);
    const group = (await simulator.state()).groups.find(({ id }) => id === groupId(1));
    expect(group?.members).not.toContain(userId(1003));
    expect(refusal(await submit(simulator, other, 1003))).toEqual([400, 'SubjectNotFound']);

    await control('POST', `requests/${String(open['id'])}/decide`, { decision: 'approve' });
    const request = await until(
      async () => (await simulator.state()).requests.find(({ id }) => id === open['id']),
      (one) => one?.state === 'deliveryFailed',
    );
    expect(request).not.toHaveProperty('assignmentId');
  });

  test('that is made again under another id is another person', async () => {
    const complete = await createCompletePackage(simulator, { name: 'Again' });
    await control('POST', 'assignments', { packageName: 'Again', employeeId: 'W-1004' });
    await control('DELETE', `users/${userId(1004)}`);
    await control('POST', 'users', { employeeId: 'W-1004', id: userId(91004) });
    expect(await heldBy(91004, complete.accessPackage)).toEqual([]);
    expect((await submit(simulator, complete, 91004)).status).toBe(201);
  });

  test('that is disabled gets nothing new, and what it has can be removed', async () => {
    const complete = await createCompletePackage(simulator, { name: 'Disabled' });
    const held = await control('POST', 'assignments', {
      ...{ packageName: 'Disabled', employeeId: 'W-1005' },
    });
    await control('PATCH', `users/${userId(1005)}`, { accountEnabled: false });
    const other = await createCompletePackage(simulator, { name: 'Other', group: 2 });
    expect(refusal(await submit(simulator, other, 1005))).toEqual([400, 'InvalidRequest']);
    await simulator.call('POST', v1.requests, v1.revokeBody(held['id'] as string));
    await notHolding(1005, complete.accessPackage);
  });
});

describe('A planted', () => {
  test('open request stands in the way of another, and stays until it is advanced', async () => {
    const complete = await createCompletePackage(simulator, { name: 'Planted' });
    const open = await control('POST', 'requests', {
      ...{ packageName: 'Planted', employeeId: 'W-1006', requestType: 'userAdd' },
      ...{ justification: 'I need it' },
    });
    expect(open).toMatchObject({ state: 'submitted', requestType: 'userAdd' });
    expect(refusal(await submit(simulator, complete, 1006))).toEqual([
      ...[400, 'InvalidRequest', 'ExistingOpenRequest'],
    ]);
    await control('POST', `requests/${String(open['id'])}/advance`);
    await holding(1006, complete.accessPackage);
  });

  test('removal ends what the person holds', async () => {
    const { accessPackage } = await createCompletePackage(simulator, { name: 'Taken' });
    await control('POST', 'assignments', { packageName: 'Taken', employeeId: 'W-1007' });
    const open = await control('POST', 'requests', {
      ...{ packageName: 'Taken', employeeId: 'W-1007', requestType: 'adminRemove' },
    });
    await control('POST', `requests/${String(open['id'])}/advance`);
    await notHolding(1007, accessPackage);
  });

  test('assignment has the end that it is given, and ends by hand', async () => {
    const { accessPackage } = await createCompletePackage(simulator, { name: 'Until' });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const held = await control('POST', 'assignments', {
      ...{ packageName: 'Until', employeeId: 'W-1008', until },
    });
    expect(held).toMatchObject({ schedule: { expiration: { endDateTime: until } } });
    await control('DELETE', `assignments/${String(held['id'])}`);
    expect(await heldBy(1008, accessPackage)).toEqual([]);
  });

  test('thing of an unknown package or person is refused', async () => {
    const plant = async (body: Json): Promise<unknown> =>
      refusal(await simulator.call('POST', '/_control/assignments', body));
    const none = [404, 'ResourceNotFound'];
    expect(await plant({ packageName: 'None', employeeId: 'W-1001' })).toEqual(none);
    expect(await plant({ packageName: 'Once', employeeId: 'W-0' })).toEqual(none);
    expect(await plant({ packageName: 'Once', person: 'W-1001' })).toEqual([400, 'BadRequest']);
  });
});
