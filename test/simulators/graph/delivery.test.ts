import {
  addResource,
  beta,
  type CompletePackage,
  create,
  createCompletePackage,
  submit,
  v1,
} from './packages';
import {
  sharedSimulator,
  groupId,
  type Json,
  refusal,
  type Simulator,
  smallTenant,
  until,
  userId,
} from './simulator';

describe('In v1.0', () => {
  const simulator = sharedSimulator();
  let complete: CompletePackage;
  beforeAll(async () => {
    complete = await createCompletePackage(simulator);
  });

  const settled = (id: string, state: string): Promise<Json> =>
    until(
      async () => (await simulator.call('GET', `EM/assignmentRequests/${id}`)).body,
      (request) => request['state'] === state,
    );

  const members = async (group: number): Promise<unknown[]> => {
    const answer = await simulator.call('GET', `groups/${groupId(group)}/members?$select=id`);
    return (answer.body['value'] as Json[]).map((member) => member['id']);
  };

  test('A request passes through submitted and delivering to delivered, and the person is in the group', async () => {
    const asked = await submit(simulator, complete, 1001);
    expect(asked.status).toBe(201);
    expect(asked.body).toMatchObject({
      requestType: 'adminAdd',
      state: 'submitted',
      status: 'Accepted',
      justification: 'for tests',
      completedDateTime: null,
    });
    const done = await settled(asked.body['id'] as string, 'delivered');
    expect(done['completedDateTime']).toEqual(expect.stringMatching(/^\d{4}-\d\d-\d\dT/));
    expect(await members(1)).toEqual([userId(1001)]);
  });

  test('A delivered assignment has the lifetime of its policy', async () => {
    const timed = await createCompletePackage(simulator, {
      name: 'For a year',
      policy: { expiration: { type: 'afterDuration', duration: 'P365D' } },
    });
    const asked = await submit(simulator, timed, 1002);
    await settled(asked.body['id'] as string, 'delivered');
    const filter = encodeURIComponent(
      `accessPackage/id eq '${timed.accessPackage}' and target/objectId eq '${userId(1002)}'`,
    );
    const read = await simulator.call('GET', `EM/assignments?$filter=${filter}`);
    const [assignment] = read.body['value'] as [Json];
    expect(assignment).toMatchObject({ state: 'delivered', expiredDateTime: null });
    const schedule = assignment['schedule'] as { startDateTime: string; expiration: Json };
    const days =
      Date.parse(schedule.expiration['endDateTime'] as string) - Date.parse(schedule.startDateTime);
    expect(days / 86_400_000).toBe(365);
  });

  test('A request with a future start is scheduled until then', async () => {
    const startDateTime = new Date(Date.now() + 3_600_000).toISOString();
    const schedule = { startDateTime, expiration: { type: 'noExpiration' } };
    const later = await createCompletePackage(simulator, { name: 'Later' });
    const { body } = await submit(simulator, later, 1003, { schedule });
    const id = body['id'] as string;
    expect(await settled(id, 'scheduled')).toMatchObject({
      status: 'PendingNotBefore',
      schedule: { startDateTime },
    });
    await simulator.call('POST', `/_control/requests/${id}/advance`);
    await settled(id, 'delivered');
  });

  test('A schedule that ends takes the access back', async () => {
    const brief = await createCompletePackage(simulator, { name: 'For a moment', group: 2 });
    const endDateTime = new Date(Date.now() + 1_000).toISOString();
    const schedule = { expiration: { type: 'afterDateTime', endDateTime } };
    await submit(simulator, brief, 1003, { schedule });
    const ended = await until(
      async () =>
        (await simulator.state()).assignments.filter(
          (row) => row['packageId'] === brief.accessPackage,
        ),
      ([assignment]) => assignment?.state === 'expired',
    );
    expect(ended[0]?.['expiredAt']).toBeGreaterThanOrEqual(Date.parse(endDateTime));
    expect(await members(2)).toEqual([]);
  });

  test('A role added to a package reaches its holders, and stays while another package grants it', async () => {
    const first = await createCompletePackage(simulator, { name: 'First' });
    const asked = await submit(simulator, first, 1004);
    await settled(asked.body['id'] as string, 'delivered');
    const resource = await addResource(simulator, first.catalog, 2);
    const path = `EM/accessPackages/${first.accessPackage}/resourceRoleScopes`;
    await create(simulator, path, v1.roleScopeBody(resource, 2));
    expect(await members(2)).toContain(userId(1004));
    const second = await createCompletePackage(simulator, { name: 'Second', group: 2 });
    const again = await submit(simulator, second, 1004);
    const { assignmentId } = (await until(
      async () =>
        (await simulator.state()).requests.find(({ id }) => id === again.body['id']) ?? {},
      (request) => (request as Json)['state'] === 'delivered',
    )) as { assignmentId: string };
    await create(simulator, 'EM/assignmentRequests', {
      requestType: 'adminRemove',
      assignment: { id: assignmentId },
    });
    await until(
      async () =>
        (await simulator.state()).assignments.find(({ id }) => id === assignmentId)?.state,
      (state) => state === 'expired',
    );
    expect(await members(2)).toContain(userId(1004));
  });
});

describe('In beta', () => {
  /* The beta dialect: the same tenant by other names. */

  const simulator = sharedSimulator({
    tenant: {
      ...smallTenant,
      scripts: [
        { employeeId: 'W-1004', states: [{ state: 'pendingApproval' }] },
        {
          employeeId: 'W-1006',
          states: [
            { state: 'partiallyDelivered', forMs: 10 },
            { state: 'delivering', forMs: 10 },
            { state: 'delivered' },
          ],
        },
        { employeeId: 'W-1009', states: [{ state: 'deliveryFailed' }] },
        { employeeId: 'W-1013', states: [{ state: 'escalatedTwice' }] },
      ],
    },
  });
  let complete: CompletePackage;
  beforeAll(async () => {
    complete = await createCompletePackage(simulator, {}, beta);
  });

  const requests = '/beta/EM/accessPackageAssignmentRequests';
  const get = (path: string): ReturnType<Simulator['call']> => simulator.call('GET', path);
  const filtered = (path: string, filter: string, more = ''): ReturnType<Simulator['call']> =>
    get(`${path}?$filter=${encodeURIComponent(filter)}${more}`);
  const values = (answer: { body: Json }): Json[] => answer.body['value'] as Json[];
  const inState = (id: unknown, state: string): Promise<Json> =>
    until(
      async () => (await get(`${requests}/${String(id)}`)).body,
      (request) => request['requestState'] === state,
    );

  test('A request passes through Submitted and Delivering to Delivered, and the person is in the group', async () => {
    const asked = await submit(simulator, complete, 1001, {}, beta);
    expect(asked.status).toBe(201);
    expect(asked.body).toMatchObject({
      requestType: 'AdminAdd',
      requestState: 'Submitted',
      requestStatus: 'Accepted',
      isValidationOnly: false,
      completedDate: null,
      justification: 'for tests',
    });
    expect(asked.body).not.toHaveProperty('state');
    const done = await inState(asked.body['id'], 'Delivered');
    expect(done['completedDate']).toEqual(expect.stringMatching(/^\d{4}-\d\d-\d\dT/));
    const members = await get(`/beta/groups/${groupId(1)}/members?$select=id`);
    expect(values(members)).toEqual([{ id: userId(1001) }]);
  });

  test('An assignment reads with its scalars, and its targetId is the subject’s id, not the user’s', async () => {
    await inState((await submit(simulator, complete, 1002, {}, beta)).body['id'], 'Delivered');
    const found = await filtered(
      '/beta/EM/accessPackageAssignments',
      `accessPackage/id eq '${complete.accessPackage}' and target/objectId eq '${userId(1002)}' and assignmentState eq 'Delivered'`,
      '&$expand=target',
    );
    const [assignment] = values(found);
    expect(assignment).toMatchObject({
      catalogId: complete.catalog,
      accessPackageId: complete.accessPackage,
      assignmentPolicyId: complete.policy,
      assignmentState: 'Delivered',
      assignmentStatus: 'Delivered',
      isExtended: false,
      target: { objectId: userId(1002), type: 'User' },
    });
    expect(assignment?.['targetId']).toBe((assignment?.['target'] as Json)['id']);
    expect(assignment?.['targetId']).not.toBe(userId(1002));
  });

  test.each([
    [1004, 'PendingApproval'],
    [1006, 'Delivered'],
    [1009, 'DeliveryFailed'],
    [1013, 'EscalatedTwice'],
  ])('The script of W-%i runs in the spelling of beta: %s', async (worker, end) => {
    const { body } = await submit(simulator, complete, worker, {}, beta);
    expect(await inState(body['id'], end)).toMatchObject({ requestState: end });
  });

  test('Requests can be filtered by package, by state or by creation, and expanded', async () => {
    const { body } = await submit(simulator, complete, 1005, {}, beta);
    await inState(body['id'], 'Delivered');
    for (const filter of [
      `accessPackage/id eq '${complete.accessPackage}'`,
      "requestState eq 'Delivered'",
      'createdDateTime gt 2026-01-01T00:00:00Z',
    ]) {
      const found = await filtered(
        requests,
        filter,
        '&$expand=accessPackage,requestor,accessPackageAssignment($expand=target)',
      );
      expect(values(found).find(({ id }) => id === body['id'])).toMatchObject({
        accessPackage: { id: complete.accessPackage, catalogId: complete.catalog },
        requestor: { objectId: userId(1005) },
        accessPackageAssignment: { target: { objectId: userId(1005) } },
      });
    }
    const later = new Date(Date.now() + 60_000).toISOString();
    expect(values(await filtered(requests, `createdDateTime gt ${later}`))).toEqual([]);
  });

  test('Packages, catalogs, resources and roles read by the names of beta', async () => {
    const { body } = await get(
      `/beta/EM/accessPackages/${complete.accessPackage}?$expand=accessPackageCatalog,accessPackageAssignmentPolicies,accessPackageResourceRoleScopes($expand=accessPackageResourceRole($expand=accessPackageResource),accessPackageResourceScope)`,
    );
    expect(body).toMatchObject({
      catalogId: complete.catalog,
      displayName: 'Finance',
      isRoleScopesVisible: false,
      createdBy: expect.any(String) as string,
      modifiedBy: expect.any(String) as string,
      accessPackageCatalog: { id: complete.catalog, catalogStatus: 'Published' },
      accessPackageAssignmentPolicies: [
        { id: complete.policy, accessPackageId: complete.accessPackage },
      ],
      accessPackageResourceRoleScopes: [
        {
          accessPackageResourceRole: {
            originId: `Member_${groupId(1)}`,
            accessPackageResource: { id: complete.resource },
          },
          accessPackageResourceScope: { originId: groupId(1), isRootScope: true },
        },
      ],
    });
    const roles = await filtered(
      `/beta/EM/accessPackageCatalogs/${complete.catalog}/accessPackageResourceRoles`,
      `originSystem eq 'AadGroup' and accessPackageResource/id eq '${complete.resource}'`,
    );
    expect(values(roles).map(({ displayName }) => displayName)).toEqual(['Member', 'Owner']);
  });

  test('Both versions share one tenant: v1.0 reads in its own members what beta creates', async () => {
    const { body } = await get(`EM/accessPackages/${complete.accessPackage}?$expand=catalog`);
    expect(body).toMatchObject({ displayName: 'Finance', catalog: { id: complete.catalog } });
    expect(body).not.toHaveProperty('catalogId');
    const asked = await submit(simulator, complete, 1007, {}, beta);
    await inState(asked.body['id'], 'Delivered');
    expect((await get(`EM/assignmentRequests/${String(asked.body['id'])}`)).body).toMatchObject({
      requestType: 'adminAdd',
      state: 'delivered',
    });
  });

  test('A removal in beta takes the person out of the group', async () => {
    const own = await createCompletePackage(simulator, { name: 'Brief', group: 2 }, beta);
    await inState((await submit(simulator, own, 1008, {}, beta)).body['id'], 'Delivered');
    const { assignments } = await simulator.state();
    const held = assignments.find((row) => row['packageId'] === own.accessPackage);
    const removal = { requestType: 'AdminRemove', accessPackageAssignment: { id: held?.id } };
    const removed = await create(simulator, requests, removal);
    await inState(removed, 'Delivered');
    await until(
      async () => (await get(`/beta/EM/accessPackageAssignments/${held?.id ?? ''}`)).body,
      (assignment) => assignment['assignmentState'] === 'Expired',
    );
    expect(values(await get(`/beta/groups/${groupId(2)}/members`))).toEqual([]);
  });

  test('Incompatible packages are linked by an address of beta, and exclude their holders', async () => {
    const payments = await createCompletePackage(simulator, { name: 'Payments' }, beta);
    const vendors = await createCompletePackage(simulator, { name: 'Vendors' }, beta);
    const address = (version: string): Json => ({
      '@odata.id': `${simulator.url}/${version}/identityGovernance/entitlementManagement/accessPackages/${vendors.accessPackage}`,
    });
    const links = `/beta/EM/accessPackages/${payments.accessPackage}/incompatibleAccessPackages`;
    expect(refusal(await simulator.call('POST', `${links}/$ref`, address('v1.0')))).toEqual([
      400,
      'InvalidModel',
    ]);
    expect((await simulator.call('POST', `${links}/$ref`, address('beta'))).status).toBe(204);
    expect(values(await get(links))).toMatchObject([
      { id: vendors.accessPackage, catalogId: vendors.catalog },
    ]);
    await inState((await submit(simulator, vendors, 1010, {}, beta)).body['id'], 'Delivered');
    expect(refusal(await submit(simulator, payments, 1010, {}, beta))).toEqual([
      400,
      'InvalidRequest',
    ]);
  });

  describe('A policy of beta', () => {
    const approvers = [
      { '@odata.type': '#microsoft.graph.singleUser', isBackup: false, id: userId(1001) },
      { '@odata.type': '#microsoft.graph.groupMembers', isBackup: true, id: groupId(2) },
      { '@odata.type': '#microsoft.graph.requestorManager', isBackup: false, managerLevel: 1 },
    ];
    const requestApprovalSettings = {
      isApprovalRequired: true,
      isApprovalRequiredForExtension: false,
      isRequestorJustificationRequired: true,
      approvalMode: 'SingleStage',
      approvalStages: [
        {
          approvalStageTimeOutInDays: 14,
          isApproverJustificationRequired: true,
          isEscalationEnabled: true,
          escalationTimeInMinutes: 11520,
          primaryApprovers: approvers,
          escalationApprovers: [],
        },
      ],
    };

    test('reads as it was written: lifetime, people and approval', async () => {
      const requestorSettings = {
        scopeType: 'SpecificDirectorySubjects',
        acceptRequests: true,
        allowedRequestors: [
          { '@odata.type': '#microsoft.graph.groupMembers', isBackup: false, id: groupId(1) },
        ],
      };
      const written = {
        durationInDays: 90,
        canExtend: true,
        requestorSettings,
        requestApprovalSettings,
      };
      const id = await create(
        simulator,
        '/beta/EM/accessPackageAssignmentPolicies',
        beta.policyBody(complete.accessPackage, written),
      );
      const read = (await get(`/beta/EM/accessPackageAssignmentPolicies/${id}`)).body;
      expect(read).toMatchObject({
        ...written,
        expirationDateTime: null,
        accessReviewSettings: null,
        requestApprovalSettings: {
          isApprovalRequired: true,
          isApprovalRequiredForExtension: false,
          isRequestorJustificationRequired: true,
          approvalMode: 'SingleStage',
          approvalStages: [{ isApproverJustificationRequired: true, isEscalationEnabled: true }],
        },
      });
      const [stage] = (read['requestApprovalSettings'] as { approvalStages: Json[] })
        .approvalStages;
      expect(stage).toMatchObject({
        approvalStageTimeOutInDays: 14,
        escalationTimeInMinutes: 11520,
      });
      expect(stage?.['primaryApprovers']).toEqual(expect.arrayContaining(approvers));
    });

    test('reads in v1.0 by the members of v1.0, and the other way round', async () => {
      const id = await create(
        simulator,
        '/beta/EM/accessPackageAssignmentPolicies',
        beta.policyBody(complete.accessPackage, { durationInDays: 30, requestApprovalSettings }),
      );
      expect((await get(`EM/assignmentPolicies/${id}`)).body).toMatchObject({
        allowedTargetScope: 'notSpecified',
        expiration: { type: 'afterDuration', duration: 'P30D' },
        requestApprovalSettings: {
          isApprovalRequiredForAdd: true,
          stages: [
            {
              durationBeforeAutomaticDenial: 'P14D',
              primaryApprovers: [
                { '@odata.type': '#microsoft.graph.singleUser', userId: userId(1001) },
                { managerLevel: 1 },
              ],
              fallbackPrimaryApprovers: [{ groupId: groupId(2) }],
            },
          ],
        },
      });
      const later = await create(simulator, 'EM/assignmentPolicies', {
        displayName: 'until a day',
        accessPackage: { id: complete.accessPackage },
        expiration: { type: 'afterDateTime', endDateTime: '2031-05-31T00:00:00Z' },
      });
      expect((await get(`/beta/EM/accessPackageAssignmentPolicies/${later}`)).body).toMatchObject({
        durationInDays: 0,
        expirationDateTime: '2031-05-31T00:00:00Z',
        requestorSettings: { scopeType: 'NoSubjects' },
      });
    });

    test('that requires approval holds its requests as PendingApproval', async () => {
      const guarded = await createCompletePackage(
        simulator,
        {
          name: 'Guarded',
          policy: { requestApprovalSettings },
        },
        beta,
      );
      const { body } = await submit(simulator, guarded, 1012, {}, beta);
      await inState(body['id'], 'PendingApproval');
      const decided = `/_control/requests/${String(body['id'])}/decide`;
      await simulator.call('POST', decided, { decision: 'approve' });
      await inState(body['id'], 'Delivered');
    });

    test('is replaced by PUT', async () => {
      const path = `/beta/EM/accessPackageAssignmentPolicies/${complete.policy}`;
      const renamed = beta.policyBody(complete.accessPackage, { displayName: 'renamed' });
      expect((await simulator.call('PUT', path, renamed)).body).toMatchObject({
        displayName: 'renamed',
      });
      expect(
        values(
          await filtered(
            '/beta/EM/accessPackageAssignmentPolicies',
            `accessPackage/id eq '${complete.accessPackage}'`,
          ),
        ),
      ).toContainEqual(expect.objectContaining({ id: complete.policy, displayName: 'renamed' }));
    });
  });
});
