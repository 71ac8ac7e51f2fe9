import { createCompletePackage, create, submit, v1, type CompletePackage } from './packages';
import {
  refusal,
  sharedSimulator,
  smallTenant,
  unknownId,
  until,
  userId,
  type Answered,
  type Json,
} from './simulator';

/* What can be done with access that is there already: another end, its removal, another try. */

const hour = 3_600_000;
const inHours = (hours: number): string => new Date(Date.now() + hours * hour).toISOString();
const ending = (endDateTime: string | null): Json => ({
  startDateTime: new Date().toISOString(),
  recurrence: null,
  expiration: {
    type: endDateTime === null ? 'noExpiration' : 'afterDateTime',
    endDateTime,
    duration: null,
  },
});

const simulator = sharedSimulator({
  tenant: {
    ...smallTenant,
    scripts: [{ employeeId: 'W-1009', states: [{ state: 'deliveryFailed' }] }],
  },
});
let complete: CompletePackage;
beforeAll(async () => {
  complete = await createCompletePackage(simulator);
});

const control = async (method: string, path: string, body?: unknown): Promise<Json> => {
  const answer = await simulator.call(method, `/_control/${path}`, body);
  expect(answer.status).toBe(200);
  return answer.body;
};
const post = (body: Json): Promise<Answered> => simulator.call('POST', v1.requests, body);
const update = (assignment: string, more: Json): Promise<Answered> =>
  post({ requestType: 'adminUpdate', assignment: { id: assignment }, ...more });
const remove = (assignment: string, more: Json = {}): Promise<Answered> =>
  post({ ...v1.revokeBody(assignment), ...more });

/** Gives a worker the package by hand. */
const planted = async (worker: number, more: Json = {}): Promise<string> => {
  const made = await control('POST', 'assignments', {
    ...{ packageId: complete.accessPackage, userId: userId(worker) },
    ...more,
  });
  return made['id'] as string;
};
const withPolicy = async (members: Json, worker: number): Promise<string> => {
  const policyId = (await control('POST', 'policies', { packageName: 'Finance', members }))['id'];
  return planted(worker, { policyId });
};
const assignment = async (id: string): Promise<Json> =>
  (await simulator.call('GET', `EM/assignments/${id}`)).body;
const settled = (id: unknown, state: string): Promise<Json> =>
  until(
    async () => (await simulator.call('GET', `EM/assignmentRequests/${String(id)}`)).body,
    (request) => request['state'] === state,
  );
const endOf = async (id: string): Promise<unknown> =>
  ((await assignment(id))['schedule'] as { expiration: Json }).expiration['endDateTime'];

describe('An update', () => {
  test('moves the end of an assignment once it is delivered, and can take it off', async () => {
    const held = await planted(1001, { until: inHours(1) });
    const later = inHours(48);
    const asked = await update(held, { schedule: ending(later), justification: 'longer' });
    expect(asked.status).toBe(201);
    expect(asked.body).toMatchObject({
      ...{ requestType: 'adminUpdate', state: 'submitted', justification: 'longer' },
      schedule: { expiration: { type: 'afterDateTime', endDateTime: later } },
    });
    await settled(asked.body['id'], 'delivered');
    expect(await endOf(held)).toBe(later);
    expect(await assignment(held)).toMatchObject({ state: 'delivered' });

    const endless = await update(held, { schedule: ending(null) });
    await settled(endless.body['id'], 'delivered');
    expect(await endOf(held)).toBeNull();
  });

  test('to an end that comes soon ends the access then', async () => {
    const held = await planted(1002);
    await update(held, { schedule: ending(new Date(Date.now() + 1_000).toISOString()) });
    const ended = await until(
      () => assignment(held),
      ({ state }) => state === 'expired',
    );
    expect(ended['expiredDateTime']).not.toBeNull();
  });

  test('of an unknown assignment, an ended one, or one with an open request is refused', async () => {
    const schedule = ending(inHours(1));
    expect(refusal(await update(unknownId, { schedule }))).toEqual([404, 'ResourceNotFound']);
    const held = await planted(1003);
    await control('POST', 'requests', {
      ...{ packageName: 'Finance', employeeId: 'W-1003', requestType: 'adminRemove' },
    });
    expect(refusal(await update(held, { schedule }))).toEqual([
      ...[400, 'InvalidRequest', 'ExistingOpenRequest'],
    ]);
    const ended = await planted(1004);
    await control('DELETE', `assignments/${ended}`);
    expect(refusal(await update(ended, { schedule }))).toEqual([
      ...[404, 'InvalidRequestNoActiveGrant'],
    ]);
  });

  test('without a schedule, or with members that name the access again, is refused', async () => {
    const held = await planted(1005);
    expect(refusal(await update(held, {}))).toEqual([400, 'InvalidModel']);
    const schedule = ending(inHours(1));
    const twice = { id: held, targetId: userId(1005) };
    expect(refusal(await update(held, { schedule, assignment: twice }))).toEqual([
      ...[400, 'InvalidRequest'],
    ]);
    expect(refusal(await update('W-1005', { schedule }))).toEqual([400, 'InvalidModel']);
  });

  test('to an end that has passed, or that the policy does not allow, is refused', async () => {
    const refused = [400, 'InvalidRequest'];
    const held = await planted(1006);
    expect(refusal(await update(held, { schedule: ending(inHours(-1)) }))).toEqual(refused);
    const strict = { requestorSettings: { allowCustomAssignmentSchedule: false } };
    const fixed = await withPolicy(strict, 1007);
    expect(refusal(await update(fixed, { schedule: ending(inHours(1)) }))).toEqual(refused);
    const brief = {
      requestorSettings: { allowCustomAssignmentSchedule: true },
      expiration: { type: 'afterDuration', duration: 'P2D' },
    };
    const short = await withPolicy(brief, 1008);
    expect(refusal(await update(short, { schedule: ending(inHours(49)) }))).toEqual(refused);
    expect(refusal(await update(short, { schedule: ending(null) }))).toEqual(refused);
    expect((await update(short, { schedule: ending(inHours(47)) })).status).toBe(201);
  });

  test('waits for an approver where the policy says so, and fails if the access ended meanwhile', async () => {
    const approval = {
      requestorSettings: { allowCustomAssignmentSchedule: true },
      requestApprovalSettings: { isApprovalRequiredForUpdate: true },
    };
    const held = await withPolicy(approval, 1010);
    const { body } = await update(held, { schedule: ending(inHours(1)) });
    await settled(body['id'], 'pendingApproval');
    await control('DELETE', `assignments/${held}`);
    await control('POST', `requests/${String(body['id'])}/decide`, { decision: 'approve' });
    await settled(body['id'], 'deliveryFailed');
  });
});

describe('A removal', () => {
  test('is accepted, delivered after a while, and then the assignment has ended', async () => {
    const held = await planted(1011);
    const { body } = await remove(held, { justification: 'left' });
    expect(body).toMatchObject({ requestType: 'adminRemove', state: 'submitted' });
    expect(await assignment(held)).toMatchObject({ state: 'delivered' });
    await settled(body['id'], 'delivered');
    await until(
      () => assignment(held),
      ({ state }) => state === 'expired',
    );
  });

  test('with members that a removal does not have is refused', async () => {
    const held = await planted(1012);
    const refused = [400, 'InvalidRequest'];
    expect(refusal(await remove(held, { schedule: ending(inHours(1)) }))).toEqual(refused);
    const assignment = { id: held, accessPackageId: complete.accessPackage };
    expect(refusal(await remove(held, { assignment }))).toEqual(refused);
  });

  test('needs no account: an assignment that outlives its person can be removed', async () => {
    const held = await planted(1013);
    await control('DELETE', `users/${userId(1013)}?keepsAssignments=1`);
    expect(await assignment(held)).toMatchObject({ state: 'delivered' });
    const { body } = await remove(held);
    await settled(body['id'], 'delivered');
    await until(
      () => assignment(held),
      ({ state }) => state === 'expired',
    );
  });
});

describe('Another try', () => {
  const reprocess = (path: string): Promise<Answered> => simulator.call('POST', path);

  test('of a failed request delivers it, within seven days of its end', async () => {
    const { body } = await submit(simulator, complete, 1009);
    const id = String(body['id']);
    await settled(id, 'deliveryFailed');
    const days = 86_400_000;
    await control('PATCH', `requests/${id}`, { completedAt: Date.now() - 7 * days - 1 });
    expect(refusal(await reprocess(`EM/assignmentRequests/${id}/reprocess`))).toEqual([
      ...[400, 'InvalidRequest'],
    ]);
    await control('PATCH', `requests/${id}`, { completedAt: Date.now() - 7 * days + hour });
    expect((await reprocess(`EM/assignmentRequests/${id}/reprocess`)).status).toBe(202);
    await settled(id, 'delivered');
  });

  test('of a request that is open, or was delivered, is refused', async () => {
    const { body } = await submit(simulator, complete, 1014);
    const path = `EM/assignmentRequests/${String(body['id'])}/reprocess`;
    expect(refusal(await reprocess(path))).toEqual([400, 'InvalidRequest']);
    await settled(body['id'], 'delivered');
    expect(refusal(await reprocess(path))).toEqual([400, 'InvalidRequest']);
    expect(refusal(await reprocess(`EM/assignmentRequests/${unknownId}/reprocess`))).toEqual([
      ...[404, 'ResourceNotFound'],
    ]);
  });

  test('of an assignment needs one that is delivered', async () => {
    const held = await planted(1015, { state: 'partiallyDelivered' });
    const path = `EM/assignments/${held}/reprocess`;
    expect(refusal(await reprocess(path))).toEqual([400, 'InvalidRequest']);
    await control('PATCH', `assignments/${held}`, { state: 'delivered' });
    expect((await reprocess(path)).status).toBe(202);
    expect(refusal(await reprocess(`EM/assignments/${unknownId}/reprocess`))).toEqual([
      ...[404, 'ResourceNotFound'],
    ]);
  });
});

test('A grant whose schedule has ended, or outlasts its policy, is refused', async () => {
  const refused = [400, 'InvalidRequest'];
  const past = await submit(simulator, complete, 1016, { schedule: ending(inHours(-1)) });
  expect(refusal(past)).toEqual(refused);
  const brief = await createCompletePackage(simulator, {
    name: 'For a day',
    policy: { expiration: { type: 'afterDuration', duration: 'P1D' } },
  });
  const long = await submit(simulator, brief, 1016, { schedule: ending(inHours(25)) });
  expect(refusal(long)).toEqual(refused);
  const fits = await submit(simulator, brief, 1016, { schedule: ending(inHours(23)) });
  expect(fits.status).toBe(201);
});

test('An end can be moved as far as the policy lasts from then on, and not be taken off', async () => {
  const members = {
    requestorSettings: { allowCustomAssignmentSchedule: true },
    expiration: { type: 'afterDuration', duration: 'P1D' },
  };
  const held = await withPolicy(members, 1019);
  const refused = [400, 'InvalidRequest'];
  expect(refusal(await update(held, { schedule: ending(null) }))).toEqual(refused);
  expect(refusal(await update(held, { schedule: ending(inHours(25)) }))).toEqual(refused);
  await control('PATCH', `assignments/${held}`, {
    schedule: { startDateTime: inHours(-20), expiration: { endDateTime: inHours(4) } },
  });
  const until = inHours(23);
  const { body } = await update(held, { schedule: ending(until) });
  await settled(body['id'], 'delivered');
  expect(await endOf(held)).toBe(until);
});

test('Requests are filtered by their creation with gt and ge, and by nothing beside it', async () => {
  const { body } = await submit(simulator, complete, 1017);
  const { body: read } = await simulator.call('GET', `EM/assignmentRequests/${String(body['id'])}`);
  const at = String(read['createdDateTime']);
  const ids = async (filter: string): Promise<unknown[]> => {
    const found = await simulator.call(
      'GET',
      `EM/assignmentRequests?$filter=${encodeURIComponent(filter)}`,
    );
    return (found.body['value'] as Json[]).map(({ id }) => id);
  };
  expect(await ids(`createdDateTime ge ${at}`)).toContain(body['id']);
  expect(await ids(`createdDateTime gt ${at}`)).not.toContain(body['id']);
  const refused = async (filter: string) =>
    refusal(
      await simulator.call('GET', `EM/assignmentRequests?$filter=${encodeURIComponent(filter)}`),
    );
  const both = `createdDateTime ge ${at} and state eq 'submitted'`;
  expect(await refused(both)).toEqual([501, 'NotSimulated']);
  expect(await refused(`createdDateTime lt ${at}`)).toEqual([501, 'NotSimulated']);
  const person = `assignment/target/objectId eq '${userId(1017)}'`;
  expect(await refused(person)).toEqual([501, 'NotSimulated']);
  expect(await refused(`target/objectId eq '${userId(1017)}'`)).toEqual([400, 'InvalidFilter']);
});

test('What a person holds is listed over all packages, page by page', async () => {
  const held: string[] = [await planted(1018)];
  for (const name of ['Second', 'Third']) {
    const other = await createCompletePackage(simulator, { name });
    held.push(await planted(1018, { packageId: other.accessPackage }));
  }
  const filter = encodeURIComponent(`target/objectId eq '${userId(1018)}'`);
  const found: unknown[] = [];
  let next: string | undefined = `EM/assignments?$filter=${filter}&$top=2`;
  let pages = 0;
  while (next !== undefined) {
    const { body }: Answered = await simulator.call('GET', next.replace(simulator.url, ''));
    found.push(...(body['value'] as Json[]).map(({ id }) => id));
    next = body['@odata.nextLink'] as string | undefined;
    pages += 1;
  }
  expect(found).toEqual(held);
  expect(pages).toBe(2);
});

test('An administrator’s request passes a policy’s approval where the tenant does not enforce it', async () => {
  const stages = [{ primaryApprovers: [] }];
  const approved = await createCompletePackage(simulator, {
    name: 'Approved',
    policy: { requestApprovalSettings: { isApprovalRequiredForAdd: true, stages } },
  });
  const waiting = await submit(simulator, approved, 1019);
  await settled(waiting.body['id'], 'pendingApproval');
  await control('PUT', 'approvals', { areBypassed: true });
  const passed = await submit(simulator, approved, 1020);
  await settled(passed.body['id'], 'delivered');
  await control('PUT', 'approvals', { areBypassed: false });
});

test('An unknown policy cannot be read', async () => {
  const answer = await simulator.call('GET', `EM/assignmentPolicies/${unknownId}`);
  expect(refusal(answer)).toEqual([404, 'ResourceNotFound']);
  expect(await create(simulator, v1.policies, v1.policyBody(complete.accessPackage))).toBeDefined();
});
