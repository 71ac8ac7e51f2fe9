import { createEntitlements } from '../../../shared/graph/entitlements';
import { asOutcome } from '../../../shared/graph/errors';
import { inScope } from '../../../shared/graph/permissions';
import { createPermissions } from '../../../shared/storage/limits';
import { openTable } from '../../../shared/storage/table';
import { eventually } from '../../support/eventually';
import { startSimulator, type Simulator } from '../../support/simulator';
import { openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let simulator: Simulator;
beforeAll(async () => {
  [storage, simulator] = await Promise.all([openStorage(), startSimulator(0)]);
});
afterAll(() => Promise.all([storage.close(), simulator.stop()]));
beforeEach(async () => {
  await simulator.reset();
  const table = storage.table('limits');
  const rows = await table.list('permissions-none');
  await Promise.all(rows.map(({ key }) => table.remove('permissions-none', key)));
});

/** The client of one process: what it remembers is its own, the table is everybody's. */
function aProcess(connection = storage.connectionString) {
  const table = openTable(connection, 'limits', undefined, 500);
  const permissions = createPermissions(table, () => undefined, 0);
  const graph = createEntitlements({
    ...{ root: simulator.url, dialect: 'v1.0', deadlineMs: 5_000, appVersion: 'test' },
    permissions,
  });
  const look = (catalog = 'departments') =>
    inScope({ catalog }, () =>
      asOutcome(async () => {
        await graph.findUsers('employeeId', 'W-1001');
        return { kind: 'done' };
      }),
    );
  const read = (id: string) =>
    inScope({ catalog: 'departments' }, () =>
      asOutcome(async () => {
        await graph.getAccessPackage(id);
        return { kind: 'done' };
      }),
    );
  const submit = (packageId: string) =>
    inScope({ catalog: 'departments' }, () =>
      asOutcome(async () => {
        const [policyId, userId] = [NOBODY, NOBODY];
        await graph.submitAssignmentRequest({ packageId, policyId, userId, justification: 'test' });
        return { kind: 'done' };
      }),
    );
  return { look, read, submit, permissions };
}

/** Graph has no policy and no person with this id. */
const NOBODY = '30000000-0000-4000-8000-000000000000';

/** Three objects of one catalog. */
async function threePackages(): Promise<[string, string, string]> {
  const { graph } = simulator;
  const catalog = await graph.createCatalog({ displayName: 'Departments', description: 'All' });
  const make = async (displayName: string) => {
    const text = { displayName, description: displayName, hidden: false };
    return (await graph.createAccessPackage({ ...text, catalogId: catalog.id })).id;
  };
  return [await make('One'), await make('Two'), await make('Three')];
}

/** As Graph answers for an id that it does not know any more. */
const refuseObject = (id: string) =>
  simulator.injectFaults({
    ...{ match: { path: `accessPackages/${id}` } },
    answer: { status: 403, code: 'UnAuthorized' },
  });

const refuse = (status: number, times?: number) =>
  simulator.injectFaults({ answer: { status, code: 'UnAuthorized' }, ...(times && { times }) });
const calls = async () => (await simulator.log()).length;
/** The first probes are at least so far apart. */
const PROBE_MS = 2_000;

test('what Graph allowed before is waited for, and forty calls of two processes lead to one', async () => {
  const [first, second] = [aProcess(), aProcess()];
  await first.look();
  await refuse(403);
  const refusedAt = Date.now();
  const refused = await first.look();
  expect(refused).toMatchObject({ kind: 'later', why: 'permission-lost' });
  expect(refused).toMatchObject({ evidence: { graphStatus: 403, errorCode: 'UnAuthorized' } });
  const before = await calls();
  const looks = await Promise.all(
    Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? first : second).look()),
  );
  expect(new Set(looks.map((look) => (look.kind === 'later' ? look.why : look.kind)))).toEqual(
    new Set(['permission-lost']),
  );
  const asked = (await calls()) - before;
  const due = Math.floor((Date.now() - refusedAt) / PROBE_MS);
  expect(asked).toBeLessThanOrEqual(Math.max(1, due));
  expect(first.permissions.takeNews()).toMatchObject([
    { what: 'permission-lost', operation: 'findUsers', catalog: 'departments', graphStatus: 403 },
  ]);
  expect(await second.permissions.refusals()).toEqual([
    { operation: 'findUsers', catalog: 'departments', code: 'permission-lost' },
  ]);
});

test('what Graph never allowed is another case, and a refusal on one catalog says nothing of another', async () => {
  const { look, permissions } = aProcess();
  await refuse(401, 1);
  expect(await look()).toMatchObject({ kind: 'later', why: 'unauthenticated' });
  expect(await look('regions')).toEqual({ kind: 'done' });
  expect(permissions.takeNews()).toMatchObject([{ what: 'permission-missing' }]);
});

test('the probe that is allowed again opens the way for every process', async () => {
  const [first, second] = [aProcess(), aProcess()];
  await second.look();
  await refuse(403, 1);
  expect(await first.look()).toMatchObject({ why: 'permission-lost' });
  await eventually('the probe is due', async () => (await second.look()).kind === 'done');
  expect(await first.look()).toEqual({ kind: 'done' });
  expect(second.permissions.takeNews()).toMatchObject([{ what: 'permission-restored' }]);
  expect(await first.permissions.refusals()).toEqual([]);
});

test('a 403 that meets something just made closes nothing', async () => {
  const { look, permissions } = aProcess();
  await look();
  await refuse(403, 1);
  const fresh = await inScope({ isFresh: () => true }, () => look());
  expect(fresh).toMatchObject({ kind: 'failed', why: 'permission' });
  expect(await look()).toEqual({ kind: 'done' });
  expect(permissions.takeNews()).toEqual([]);
});

test('the 403 of one object stops no call for another, however often it comes, and is no news', async () => {
  const [gone, here] = await threePackages();
  const [first, second] = [aProcess(), aProcess()];
  await first.read(here);
  await refuseObject(gone);
  for (const { read } of [first, first, second, first]) {
    expect(await read(gone)).toMatchObject({ kind: 'later', why: 'permission-lost' });
    expect(await second.read(here)).toEqual({ kind: 'done' });
  }
  expect([...first.permissions.takeNews(), ...second.permissions.takeNews()]).toEqual([]);
  expect(await second.permissions.refusals()).toEqual([]);
});

test('the 403 of two objects speaks for the catalog only if no call succeeded between them', async () => {
  const [gone, here, other] = await threePackages();
  const { read, permissions } = aProcess();
  await read(here);
  await refuseObject(gone);
  await refuseObject(other);
  await read(gone);
  await read(here);
  await read(other);
  expect(await permissions.refusals()).toEqual([]);
  await read(gone);
  expect(permissions.takeNews()).toMatchObject([
    { what: 'permission-lost', operation: 'getAccessPackage', catalog: 'departments' },
  ]);
  const before = await calls();
  expect(await read(here)).toMatchObject({ kind: 'later', why: 'permission-lost' });
  expect(await calls()).toBe(before);
});

const refuseSubmits = (times?: number) =>
  simulator.injectFaults({
    ...{ match: { method: 'POST', path: 'assignmentRequests' } },
    ...{ answer: { status: 403, code: 'UnAuthorized' }, ...(times && { times }) },
  });
const submits = async () => (await simulator.writes()).filter((one) => one.includes('Requests'));

test('the 403 of a request for a package that was deleted stops no request for another', async () => {
  const [gone, here] = await threePackages();
  const [first, second] = [aProcess(), aProcess()];
  await simulator.remove('accessPackages', gone);
  await refuseSubmits(1);
  expect(await first.submit(gone)).toMatchObject({ kind: 'later', why: 'permission' });
  await second.submit(here);
  expect(await submits()).toHaveLength(2);
  expect(await first.permissions.refusals()).toEqual([]);
});

test('the 403 of a request for a package that is there speaks for the catalog', async () => {
  const [here, other] = await threePackages();
  const [first, second] = [aProcess(), aProcess()];
  await refuseSubmits();
  await first.submit(here);
  await second.submit(other);
  expect(await submits()).toHaveLength(1);
  expect(await second.permissions.refusals()).toMatchObject([
    { operation: 'submitAssignmentRequest', catalog: 'departments' },
  ]);
});

test('a 401 says nothing of the object, so the first one speaks for the catalog', async () => {
  const [one] = await threePackages();
  const { read, permissions } = aProcess();
  await read(one);
  await refuse(401, 1);
  await read(one);
  expect(permissions.takeNews()).toMatchObject([{ what: 'permission-lost' }]);
});

test('a 403 to a call that the caller can do without closes nothing, and does not wait', async () => {
  const { look, permissions } = aProcess();
  await look();
  await refuse(403, 2);
  const optional = () => inScope({ isOptional: true }, () => look());
  expect(await optional()).toMatchObject({ kind: 'failed', why: 'permission' });
  expect(permissions.takeNews()).toEqual([]);
  expect(await look()).toMatchObject({ kind: 'later', why: 'permission-lost' });
  expect(await optional()).toMatchObject({ kind: 'failed', why: 'permission' });
});

test('a 401 to a call that the caller can do without is remembered like any other', async () => {
  const { look, permissions } = aProcess();
  await look();
  await refuse(401, 2);
  const optional = await inScope({ isOptional: true }, () => look());
  expect(optional).toMatchObject({ kind: 'later', why: 'authentication-lost' });
  expect(permissions.takeNews()).toMatchObject([{ what: 'permission-lost', graphStatus: 401 }]);
});

test('without the store each process goes by what it has met itself', async () => {
  const away = storage.connectionString.replace(/:\d+\//, ':1/');
  const { look, permissions } = aProcess(away);
  expect(await look()).toEqual({ kind: 'done' });
  await refuse(403, 1);
  expect(await look()).toMatchObject({ why: 'permission-lost' });
  const before = await calls();
  expect(await look()).toMatchObject({ why: 'permission-lost' });
  expect(await calls()).toBe(before);
  expect(permissions.takeNews()).toHaveLength(1);
}, 30_000);
