import model from '../../../access-model.json';
import { text } from '../../resilience/invariants/rows';
import { messageOf } from '../../support/events';
import { eventually } from '../../support/eventually';
import { readTable } from '../../support/tables';
import { approver, clerk, startLife, type Event, type Life } from './life';

const partner = { department: 'Human Resources', jobCode: 'HR-BP-1', workerType: 'secondee' };

let life: Life;
/** A payments approver is approved by somebody. */
beforeAll(async () => {
  const approval = model.accessPackages.find(({ key }) => key === 'personnel-files')?.policy
    .approval;
  const accessPackages = model.accessPackages.map((one) =>
    one.key === 'payments-approval' ? { ...one, policy: { ...one.policy, approval } } : one,
  );
  life = await startLife({ files: { ACCESS_MODEL: { ...model, accessPackages } } });
});
afterAll(() => life.stop());

const pending = async (account: string) => {
  const { requests } = await life.tenant();
  const open = requests.filter(
    ({ targetId, state }) => targetId === account && state === 'pendingApproval',
  );
  return open.length > 0 && open;
};

test('of an incompatible pair of which the first waits for its approval, the second is not requested until it is gone', async () => {
  const { id, joined, moved, corrected } = life.worker('W-1061');
  const account = await life.accountOf(id);
  expect(await life.ending(joined('2026-11-02', approver))).toBe('approval-required');
  const move = moved('2026-11-20', clerk);
  expect(await life.ending(move)).toBe('refused-sod: sod-partner-open:payments-approval');
  expect(await life.rows(move)).toEqual([
    'grant vendor-maintenance: refused-sod',
    'wait payments-approval: approval-required',
  ]);
  expect(await life.has(account)).toEqual([]);

  const [open] = (await pending(account)) || [];
  await life.approve(open?.id);
  expect(await life.has(account)).toEqual(['Payments Approval']);
  const again = corrected(move, { effectiveDate: '2026-11-23', attributes: clerk });
  expect(await life.ending(again)).toBe('delivered');
  expect(await life.rows(again)).toEqual([
    'grant vendor-maintenance: delivered',
    'revoke payments-approval: revoked',
  ]);
  expect(await life.has(account)).toEqual(['Vendor Maintenance']);
  // Whoever plans for one of an incompatible pair waits for the next pass over the open requests of the tenant.
}, 180_000);

test('an account that is deleted and made again while a request for it waits gets a request of its own', async () => {
  const { id, joined, moved } = life.worker('W-1062');
  const account = await life.accountOf(id);
  const join = joined('2026-11-02', partner);
  await life.say(join);
  await eventually('the request waits for its approval', () => pending(account));
  await life.control('DELETE', `users/${account}`, {});
  const made = '20000000-0000-4000-8000-000000901062';
  await life.control('POST', 'users', { employeeId: id, id: made });
  const users = `/v1.0/users?$filter=employeeId eq '${id}'`;
  await life.everyReplica(users, (read) => read.length === 1 && read[0]?.id === made);

  const move = moved('2026-11-23', { ...partner, location: 'Berlin' });
  await life.say(move);
  const [open] = await eventually('there is a request for the new account', () => pending(made));
  await life.control('POST', `requests/${open?.id}/decide`, { decision: 'approve' });
  expect(await life.closed(move)).toMatchObject({ outcome: 'delivered' });
  expect(await life.has(made)).toEqual(['Personnel Files']);
  expect(await life.rows(move)).toContain('grant personnel-files: delivered');
  const [old] = (await pending(account)) || [];
  await life.control('POST', `requests/${old?.id}/decide`, { decision: 'deny' });
  expect(await life.closed(join)).toMatchObject({ outcome: 'denied' });
  expect(await life.has(account)).toEqual([]);
});

test('requests that outlive their events are followed: how each ended stands in a chain of its own', async () => {
  const workers = ['W-1063', 'W-1064', 'W-1065'].map((id) => life.worker(id));
  const joins = workers.map((worker) => worker.joined('2026-11-02', approver));
  for (const join of joins) expect(await life.ending(join)).toBe('approval-required');
  const opened = await Promise.all(
    workers.map(async ({ id }) => ((await pending(await life.accountOf(id))) || [])[0]?.id ?? ''),
  );
  const [approved = '', denied = '', forgotten = ''] = opened;
  await life.approve(approved);
  await life.control('POST', `requests/${denied}/decide`, { decision: 'deny' });
  await life.control('DELETE', `requests/${forgotten}`, {});
  // The app reads them once an hour.
  await life.stack.advance('1h');

  const ends = await eventually('each end has a row in an event that is closed', async () => {
    const filter = `kind eq 'request-ended' or (kind eq 'closing' and initiator eq 'clock')`;
    const rows = await readTable(life.stack.storage, 'audit', filter);
    const found = opened.map((id) => rows.find((row) => row['assignmentRequestId'] === id));
    const isClosed = found.every((row) =>
      rows.some(
        ({ kind, partitionKey }) => kind === 'closing' && partitionKey === row?.partitionKey,
      ),
    );
    return isClosed && found;
  });
  const how = ends.map((row) => [row?.['outcome'], row?.['reason'], row?.['graphState']]);
  expect(how).toEqual([
    ['delivered', undefined, 'delivered'],
    ['denied', undefined, 'denied'],
    ['not-readable', 'request-forgotten', undefined],
  ]);
  const { requests } = await life.tenant();
  const at = (id: string) => requests.find((request) => request.id === id)?.completedAt;
  const endedAt = ends.map((row) => Date.parse(text(row, 'endedAt')));
  expect(endedAt).toEqual([at(approved), at(denied), NaN]);
  for (const [index, row] of ends.entries())
    expect(row).toMatchObject({
      ...{ seq: 1, workerId: workers[index]?.id, packageKey: 'payments-approval' },
      ...{ action: 'grant', approver: 'not-readable', initiator: 'clock' },
      requestRun: `${messageOf(joins[index] as Event).eventHash}-1`,
    });
});

test('every invariant holds', async () => {
  expect(await life.faults()).toEqual([]);
});
