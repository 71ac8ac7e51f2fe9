import type { LeaversContent } from '../../../shared/reports/leavers';
import { eventually } from '../../support/eventually';
import { runCommand } from '../../support/run-command';
import { finance, sales, startLife, type Life } from './life';

let life: Life;
beforeAll(async () => {
  life = await startLife();
});
afterAll(() => life.stop());

/** Somebody who joined Finance and has what that gives. */
async function employee(workerId: string) {
  const worker = life.worker(workerId);
  const join = worker.joined('2026-11-02', finance);
  expect(await life.ending(join)).toBe('delivered');
  return { ...worker, join, account: await life.accountOf(workerId) };
}

test('after the last day everything that we gave is removed, once', async () => {
  const { account, left } = await employee('W-1031');
  const leave = left({ lastDay: '2026-11-20' });
  expect(await life.ending(leave)).toBe('revoked');
  expect(await life.has(account)).toEqual([]);
  expect(await life.rows(leave)).toEqual(['revoke finance: revoked']);
});

test('an end at an instant is made at once', async () => {
  const { account, left } = await employee('W-1032');
  expect(await life.ending(left({ endsAt: '2026-11-25T12:00:00Z' }))).toBe('revoked');
  expect(await life.has(account)).toEqual([]);
});

test('an account that was disabled before loses its access too', async () => {
  const { account, left } = await employee('W-1033');
  await life.control('PATCH', `users/${account}`, { accountEnabled: false });
  expect(await life.ending(left({ lastDay: '2026-11-20' }))).toBe('revoked');
  expect(await life.has(account)).toEqual([]);
});

test.each([
  ['W-1034', 'still has its assignments', '?keepsAssignments=1'],
  ['W-1035', 'has lost its assignments with it', ''],
])(
  'of %s, whose account was deleted before and %s, nothing remains: the stored ids are used',
  async (workerId, _, query) => {
    const { account, left } = await employee(workerId);
    await life.control('DELETE', `users/${account}${query}`, {});
    const leave = left({ lastDay: '2026-11-20' });
    expect(await life.ending(leave)).toBe('revoked');
    expect(await life.rows(leave)).toEqual(['revoke finance: revoked']);
    expect(await life.has(account)).toEqual([]);
  },
);

test('a hire that is rescinded after its delivery is taken back', async () => {
  const { account, join, rescinded } = await employee('W-1041');
  expect(await life.ending(rescinded(join))).toBe('revoked');
  expect(await life.has(account)).toEqual([]);
});

test('somebody who is hired again while the removal is open has the access in the end', async () => {
  const { account, left, joined } = await employee('W-1036');
  const [leave, rehire] = [left({ lastDay: '2026-11-20' }), joined('2026-11-23', finance)];
  await life.say(leave, rehire);
  await Promise.all([life.closed(leave), life.closed(rehire)]);
  expect(await life.has(account)).toEqual(['Finance']);
});

test('somebody who is hired again after the removal gets the access again', async () => {
  const { account, left, joined } = await employee('W-1037');
  await life.ending(left({ lastDay: '2026-11-20' }));
  expect(await life.ending(joined('2026-11-23', sales))).toBe('delivered');
  expect(await life.has(account)).toEqual(['Sales']);
});

test('of two employments one ends: only what the other does not give is removed', async () => {
  const { account, joined, left } = await employee('W-1038');
  const second = { employmentId: 'second' };
  expect(await life.ending(joined('2026-11-03', sales, second))).toBe('delivered');
  expect(await life.has(account)).toEqual(['Finance', 'Sales']);
  const leave = left({ lastDay: '2026-11-20' }, second);
  expect(await life.ending(leave)).toBe('revoked');
  expect(await life.has(account)).toEqual(['Finance']);
  expect(await life.rows(leave)).toEqual(['grant finance: already-held', 'revoke sales: revoked']);
});

test('what an administrator assigned after ours had ended survives, and is handed off', async () => {
  const { account, left } = await employee('W-1039');
  const [ours] = await life.assignments(account);
  await life.administrator({ requestType: 'adminRemove', assignment: { id: ours?.id } });
  await eventually('it is gone', async () => (await life.has(account)).length === 0);
  await life.give(account, 'Finance');
  const leave = left({ lastDay: '2026-11-20' });
  expect(await life.ending(leave)).toBe('revoked');
  expect(await life.has(account)).toEqual(['Finance']);
  expect(await life.rows(leave)).toEqual(['hand-off finance: handed-off']);
});

test('a request that outlives its run: what it gives after the person has left is removed by the next event', async () => {
  const { id, joined, left, corrected } = life.worker('W-1042');
  const account = await life.accountOf(id);
  const reliability = { department: 'Engineering', jobCode: 'ENG-SRE-1', workerType: 'secondee' };
  expect(await life.ending(joined('2026-11-02', reliability))).toBe('partly-delivered');
  const leave = left({ lastDay: '2026-11-20' });
  expect(await life.ending(leave)).toBe('approval-required');
  expect(await life.has(account)).toEqual([]);
  const open = (await life.tenant()).requests.find(({ targetId, state }) => {
    return targetId === account && state === 'pendingApproval';
  });
  await life.control('POST', `requests/${open?.id}/decide`, { decision: 'approve' });
  await eventually('the late approval is delivered', async () => {
    return (await life.has(account)).includes('Production Access');
  });
  const again = corrected(leave, { lastDay: '2026-11-19' });
  expect(await life.ending(again)).toBe('revoked');
  expect(await life.rows(again)).toEqual(['revoke production-access: revoked']);
  expect(await life.has(account)).toEqual([]);
});

test('a rescission that comes before its hire takes effect when that comes', async () => {
  const { id, joined, rescinded } = life.worker('W-1043');
  const join = joined('2026-11-02', finance);
  expect(await life.ending(rescinded(join))).toBe('needs-attention: unknown-event');
  expect(await life.ending(join)).toBe('rescinded');
  expect(await life.has(await life.accountOf(id))).toEqual([]);
});

test('a leaver without any earlier event needs attention, and nothing is done', async () => {
  const { left } = life.worker('W-1040');
  expect(await life.ending(left({ lastDay: '2026-11-20' }))).toBe(
    'needs-attention: unknown-employment',
  );
});

test('the report of leavers says of each what was removed, after the end and after HR had told', async () => {
  const args = ['report', 'leavers', '--from', '2026-11-20', '--by', 'auditor', '--json'];
  const settings = { JOINERY_DATA_DIR: life.stack.dataDir };
  const { stdout } = await runCommand(args, settings);
  const { content } = JSON.parse(stdout) as { content: LeaversContent };
  const of = (workerId: string) =>
    content.lines
      .filter(({ worker }) => worker === workerId)
      .map((line) => `${line.result} ${line.package ?? ''} ${line.endedAt}`);
  expect(of('W-1031')).toEqual(['removed finance 2026-11-20T23:00:00.000Z']);
  expect(of('W-1032')).toEqual(['removed finance 2026-11-25T12:00:00.000Z']);
  // One of two employments, and an access that is not ours.
  expect(of('W-1038')).toEqual([]);
  expect(of('W-1039')).toEqual(['handed-off finance 2026-11-20T23:00:00.000Z']);
  expect(content.lines.find(({ worker }) => worker === 'W-1031')).toMatchObject({
    minutesToRemoval: expect.any(Number) as unknown,
    toldAt: expect.stringMatching(/^2026-11-27T12:/) as unknown,
  });
});

test('every invariant holds', async () => {
  expect(await life.faults()).toEqual([]);
});
