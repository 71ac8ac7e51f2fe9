import { readDraftRoots } from '../../../infra/local/graph/draft/routes';
import {
  accessPackageType,
  assignmentType,
  bindPackage,
  create,
  createDraftPackage,
  createDraftRequest,
  createPackage,
  draftAssignmentBody,
  draftPackageBody,
  draftPaths,
  draftRequestBody,
  postDraft,
  recordAssignment,
  requestType,
  shownPackage,
  submit,
  v1,
} from './packages';
import {
  sharedSimulator,
  exchange,
  unknownId,
  groupId,
  type Json,
  refusal,
  type Simulator,
  smallTenant,
  startSimulator,
  until,
  userId,
} from './simulator';

/* The five draft documents, from the first to the person in the group. */

const simulator = sharedSimulator({
  draftRoots: readDraftRoots(''),
  tenant: {
    ...smallTenant,
    scripts: [
      { employeeId: 'W-1009', states: [{ state: 'deliveryFailed' }] },
      { packageName: 'Denied', states: [{ state: 'denied' }] },
    ],
  },
});

const get = (path: string): ReturnType<Simulator['call']> => simulator.call('GET', path);
const values = (answer: { body: Json }): Json[] => answer.body['value'] as Json[];
const inState = (id: string, state: string): Promise<Json> =>
  until(
    async () => (await get(`${draftPaths.requests}/${id}?$expand=accessPackage`)).body,
    (request) => request['requestState'] === state,
  );
const members = async (group: number): Promise<unknown[]> =>
  values(await get(`groups/${groupId(group)}/members?$select=id`)).map(({ id }) => id);
const anyText = expect.any(String) as string;
const anId = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;

test('001, 003, 000, poll, 004: the request is delivered first, and the person is in the group after 004', async () => {
  const complete = await createDraftPackage(simulator);
  const request = await createDraftRequest(simulator, 'joinery:one:1:finance');
  expect((await bindPackage(simulator, request, 'Finance')).status).toBe(204);
  expect(await inState(request, 'Delivered')).toMatchObject({
    accessPackage: { id: complete.accessPackage },
    completedDate: anyText,
  });
  expect(await members(1)).toEqual([]);
  expect((await simulator.state()).assignments).toEqual([]);
  expect((await recordAssignment(simulator, complete, 1001)).status).toBe(201);
  expect(await members(1)).toEqual([userId(1001)]);
  const held = encodeURIComponent(
    `accessPackage/id eq '${complete.accessPackage}' and target/objectId eq '${userId(1001)}' and state eq 'delivered'`,
  );
  expect(values(await get(`EM/assignments?$filter=${held}`))).toHaveLength(1);
});

describe('On the wire', () => {
  const sent = ['Authorization: Bearer for-tests', 'Content-Type: application/json'];
  const send = (path: string, body: Json): ReturnType<typeof exchange> =>
    exchange(
      simulator.url,
      `POST ${path.replace('EM/', 'identityGovernance/entitlementManagement/')} HTTP/1.1`,
      sent,
      JSON.stringify(body),
    );

  test('001 answers 201 with the type, the id and the five properties, and nothing else', async () => {
    const { head, body } = await send(draftPaths.packages, draftPackageBody('On the wire'));
    expect(head).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(JSON.parse(body)).toEqual({
      '@odata.type': accessPackageType,
      id: anId,
      displayName: 'On the wire',
      description: 'For tests',
      isHidden: false,
      createdDateTime: anyText,
      modifiedDateTime: anyText,
    });
  });

  test('003 answers 201 with the type and the nine properties, dates as they were given', async () => {
    const dates = {
      completedDate: '2016-12-31T23:57:56.9044756+03:00',
      expirationDateTime: '2036-12-31T23:57:21.3858094+03:00',
    };
    const { head, body } = await send(
      `${draftPaths.requests}/$ref`,
      draftRequestBody('wire', dates),
    );
    expect(head).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(JSON.parse(body)).toEqual({
      '@odata.type': requestType,
      id: anId,
      requestType: 'AdminAdd',
      requestState: 'Submitted',
      requestStatus: 'Accepted',
      isValidationOnly: false,
      createdDateTime: anyText,
      justification: 'wire',
      ...dates,
    });
  });

  test('000 and 002 answer 204 without a body, its type or its length', async () => {
    const complete = await createDraftPackage(simulator, { name: 'Wired' });
    const other = await createDraftPackage(simulator, { name: 'Unwired' });
    const request = await createDraftRequest(simulator, 'wired');
    const answers = [
      await send(draftPaths.bind(request), draftPackageBody('Wired')),
      await send(
        draftPaths.incompatible(complete.accessPackage),
        await shownPackage(simulator, other.accessPackage),
      ),
    ];
    for (const { head, body } of answers) {
      expect(head).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
      expect(head).not.toMatch(/^content-(type|length):/im);
      expect(body).toBe('');
    }
  });

  test('004 answers 201 with the type and the nine properties, its end as it was given', async () => {
    const complete = await createDraftPackage(simulator, { name: 'Recorded' });
    const expiredDateTime = '2037-01-01T00:03:03.9221806+03:00';
    const sentBody = draftAssignmentBody(complete, 1002, { expiredDateTime });
    const { head, body } = await send(`${draftPaths.assignments}/$ref`, sentBody);
    expect(head).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(JSON.parse(body)).toEqual({ ...sentBody, '@odata.type': assignmentType, id: anId });
  });
});

describe('A request', () => {
  test('without a package stays Submitted, names no person, and is found by its justification', async () => {
    const request = await createDraftRequest(simulator, 'joinery:unbound:1:finance');
    const filter = encodeURIComponent("justification eq 'joinery:unbound:1:finance'");
    const found = values(
      await get(`${draftPaths.requests}?$filter=${filter}&$expand=accessPackage`),
    );
    expect(found).toMatchObject([{ id: request, requestState: 'Submitted', accessPackage: null }]);
    expect(
      (await get(`EM/assignmentRequests/${request}?$expand=accessPackage,requestor,assignment`))
        .body,
    ).toMatchObject({ state: 'submitted', accessPackage: null, requestor: null, assignment: null });
  });

  test('accepts the same package twice, and no other', async () => {
    await createDraftPackage(simulator, { name: 'Bound' });
    await createDraftPackage(simulator, { name: 'Unbound' });
    const request = await createDraftRequest(simulator, 'twice');
    expect((await bindPackage(simulator, request, 'Bound')).status).toBe(204);
    const delivered = await inState(request, 'Delivered');
    expect((await bindPackage(simulator, request, 'Bound')).status).toBe(204);
    expect(refusal(await bindPackage(simulator, request, 'Unbound'))).toEqual([
      400,
      'InvalidRequest',
    ]);
    expect((await get(`${draftPaths.requests}/${request}?$expand=accessPackage`)).body).toEqual(
      delivered,
    );
  });

  test('follows the script of its package, but not one of a person', async () => {
    const denied = await createDraftRequest(simulator, 'denied');
    await createDraftPackage(simulator, { name: 'Denied' });
    await bindPackage(simulator, denied, 'Denied');
    await inState(denied, 'Denied');
    const complete = await createDraftPackage(simulator, { name: 'Of a person' });
    const request = await createDraftRequest(simulator, 'of a person');
    await bindPackage(simulator, request, 'Of a person');
    await inState(request, 'Delivered');
    expect((await recordAssignment(simulator, complete, 1009)).status).toBe(201);
  });

  test('is pending approval if every policy of its package requires it', async () => {
    const stages = [
      {
        primaryApprovers: [{ '@odata.type': '#microsoft.graph.singleUser', userId: userId(1001) }],
      },
    ];
    const approval = { requestApprovalSettings: { isApprovalRequiredForAdd: true, stages } };
    const complete = await createDraftPackage(simulator, { name: 'Guarded', policy: approval });
    const guarded = await createDraftRequest(simulator, 'guarded');
    await bindPackage(simulator, guarded, 'Guarded');
    await inState(guarded, 'PendingApproval');
    await postDraft(simulator, `/_control/requests/${guarded}/decide`, { decision: 'approve' });
    await inState(guarded, 'Delivered');
    await create(simulator, 'EM/assignmentPolicies', v1.policyBody(complete.accessPackage));
    const open = await createDraftRequest(simulator, 'open');
    await bindPackage(simulator, open, 'Guarded');
    await inState(open, 'Delivered');
  });
});

describe('A package made by 001', () => {
  test('is in no catalog until it grants a role, and then in the catalog of that role', async () => {
    const made = await postDraft(simulator, draftPaths.packages, draftPackageBody('Homeless'));
    const id = made.body['id'] as string;
    const home = async (): Promise<unknown> =>
      (await get(`EM/accessPackages/${id}?$expand=catalog`)).body['catalog'];
    expect(await home()).toBeNull();
    const complete = await createDraftPackage(simulator, { name: 'Housed' });
    const read = await get(`EM/accessPackages/${complete.accessPackage}?$expand=catalog`);
    expect(read.body['catalog']).toMatchObject({ id: complete.catalog });
    expect((await get(`${draftPaths.packages}/${complete.accessPackage}`)).body).toMatchObject({
      catalogId: complete.catalog,
    });
  });

  test('must have a unique name', async () => {
    const complete = await createDraftPackage(simulator, { name: 'Alone' });
    expect(
      refusal(await postDraft(simulator, draftPaths.packages, draftPackageBody('Alone'))),
    ).toEqual([409, 'DuplicateAccessPackage']);
    const homeless = await postDraft(simulator, draftPaths.packages, draftPackageBody('Late'));
    await createPackage(simulator, complete.catalog, 'Late');
    const scopes = `EM/accessPackages/${String(homeless.body['id'])}/resourceRoleScopes`;
    const role = {
      originId: `Member_${groupId(1)}`,
      resource: { id: complete.resource },
    };
    expect(refusal(await simulator.call('POST', scopes, { role }))).toEqual([
      409,
      'DuplicateAccessPackage',
    ]);
  });

  test('reads by name and id with all that 002 names', async () => {
    await postDraft(simulator, draftPaths.packages, draftPackageBody('Readable'));
    const filter = encodeURIComponent("displayName eq 'Readable'");
    const [found] = values(await get(`${draftPaths.packages}?$filter=${filter}`));
    expect(Object.keys(found ?? {}).sort()).toEqual(
      [
        '@odata.type',
        'catalogId',
        'createdBy',
        'createdDateTime',
        'description',
        'displayName',
        'id',
        'isHidden',
        'isRoleScopesVisible',
        'modifiedBy',
        'modifiedDateTime',
      ].sort(),
    );
  });
});

test('002 links in one direction, can be read back, and excludes the holder of one package from the other', async () => {
  const payments = await createDraftPackage(simulator, { name: 'Payments' });
  const vendors = await createDraftPackage(simulator, { name: 'Vendors' });
  const body = await shownPackage(simulator, vendors.accessPackage);
  const links = draftPaths.incompatible(payments.accessPackage);
  expect((await postDraft(simulator, links, body)).status).toBe(204);
  expect((await postDraft(simulator, links, body)).status).toBe(204);
  expect(values(await get(links.replace('/$ref', '')))).toMatchObject([
    { id: vendors.accessPackage },
  ]);
  await recordAssignment(simulator, vendors, 1003);
  expect(refusal(await recordAssignment(simulator, payments, 1003))).toEqual([
    400,
    'InvalidRequest',
  ]);
});

describe('An assignment recorded by 004', () => {
  test('exists once: a second one for the same person and package is 409', async () => {
    const complete = await createDraftPackage(simulator, { name: 'Once' });
    expect((await recordAssignment(simulator, complete, 1004)).status).toBe(201);
    expect(refusal(await recordAssignment(simulator, complete, 1004))).toEqual([
      409,
      'InvalidRequestExistingGrant',
    ]);
    const filter = encodeURIComponent(
      `accessPackageId eq '${complete.accessPackage}' and targetId eq '${userId(1004)}'`,
    );
    const found = values(await get(`${draftPaths.assignments}?$filter=${filter}`));
    expect(found).toMatchObject([{ assignmentState: 'Delivered', catalogId: complete.catalog }]);
    expect((await get(`${draftPaths.assignments}/${String(found[0]?.['id'])}`)).body).toMatchObject(
      {
        '@odata.type': assignmentType,
        targetId: userId(1004),
      },
    );
  });

  test('prevents a request in v1.0', async () => {
    const complete = await createDraftPackage(simulator, { name: 'Either way' });
    await recordAssignment(simulator, complete, 1005);
    expect(refusal(await submit(simulator, complete, 1005))).toEqual([
      409,
      'InvalidRequestExistingGrant',
    ]);
  });

  test('ends at its given end, and the person leaves the group', async () => {
    const complete = await createDraftPackage(simulator, { name: 'Brief', group: 2 });
    const expiredDateTime = new Date(Date.now() + 1_000).toISOString();
    const { body } = await recordAssignment(simulator, complete, 1006, { expiredDateTime });
    expect(await members(2)).toEqual([userId(1006)]);
    await until(
      async () => (await get(`${draftPaths.assignments}/${String(body['id'])}`)).body,
      (assignment) => assignment['assignmentState'] === 'Expired',
    );
    expect(await members(2)).toEqual([]);
  });
});

describe('The roots', () => {
  test('of the operations are a setting, and other roots serve nothing', async () => {
    const moved = await startSimulator({
      draftRoots: readDraftRoots('000=beta, 001=v1.0,002=v1.0,003=localtest'),
    });
    const made = await postDraft(moved, '/v1.0/EM/accessPackages', draftPackageBody('Moved'));
    const request = await postDraft(
      moved,
      '/localtest/EM/accessPackageAssignmentRequests/$ref',
      draftRequestBody('moved'),
    );
    const elsewhere = await Promise.all([
      postDraft(moved, draftPaths.bind(String(request.body['id'])), draftPackageBody('Moved')),
      postDraft(moved, `${draftPaths.requests}/$ref`, draftRequestBody('moved')),
      postDraft(moved, draftPaths.incompatible(String(made.body['id'])), draftPackageBody('Moved')),
    ]);
    const inBeta = await postDraft(moved, '/beta/EM/accessPackages', draftPackageBody('Beta'));
    const other = await postDraft(moved, '/v1.0/EM/accessPackages', draftPackageBody('Other'));
    const links = `/v1.0/accessPackages/${String(other.body['id'])}/incompatibleAccessPackages/$ref`;
    // A package read through v1.0 does not show what 002 names besides.
    const linked = await postDraft(moved, links, {
      ...draftPackageBody('Moved'),
      ...{ catalogId: unknownId, createdBy: null, modifiedBy: null, isRoleScopesVisible: null },
    });
    await moved.stop();
    expect([made.status, request.status, linked.status]).toEqual([201, 201, 204]);
    for (const answer of elsewhere) expect(refusal(answer)).toEqual([404, '']);
    expect(refusal(inBeta)).toEqual([400, 'InvalidModel']);
  });

  test('are those of the examples unless named, and must name a document and a segment', () => {
    expect(readDraftRoots('004=v1.0')).toEqual({
      '000': 'v1.0',
      '001': 'beta',
      '002': 'beta',
      '003': 'beta',
      '004': 'v1.0',
    });
    for (const bad of ['005=beta', '003', '003=', '003=a/b', '003=beta;004=v1.0']) {
      expect(() => readDraftRoots(bad)).toThrow('GRAPH_DRAFT_ROOTS');
    }
  });
});

test('After a kill between 003 and 000 the request still exists and can be bound', async () => {
  const first = await startSimulator({ draftRoots: readDraftRoots('') });
  await createDraftPackage(first, { name: 'Kept' });
  const request = await createDraftRequest(first, 'kept');
  // Not stopped: a second one on the same folder finds what a killed one leaves.
  const second = await startSimulator({ draftRoots: readDraftRoots(''), folder: first.folder });
  const bound = await bindPackage(second, request, 'Kept');
  const state = await until(
    async () =>
      (await second.call('GET', `${draftPaths.requests}/${request}`)).body['requestState'],
    (now) => now === 'Delivered',
  );
  await second.stop();
  await first.stop();
  expect([bound.status, state]).toEqual([204, 'Delivered']);
});
