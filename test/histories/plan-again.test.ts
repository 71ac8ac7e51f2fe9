import { callsTo, closingOf, paths, runWorkflow, START } from './scenarios';

type Settled = { step: { id: string }; result: { outcome: string; reason?: string } };

async function run(path: string) {
  const activities = paths[path];
  if (!activities) throw new Error(`no path ${path}`);
  const result = await runWorkflow(activities());
  const settled = (callsTo(result, 'settleStep') as Settled[]).map(
    ({ step, result: { outcome } }) => `${step.id}: ${outcome}`,
  );
  return { result, settled, closing: closingOf(result) };
}

test('of an incompatible pair the second is requested only after the first is settled as removed', async () => {
  const { result, settled, closing } = await run('mover-of-an-incompatible-pair');
  expect(settled).toEqual(['revoke:a: revoked', 'grant:b: delivered']);
  expect(closing.outcome).toBe('delivered');
  const calls = result.calls.map(({ name, input }) =>
    name === 'submitRequest' || name === 'settleStep'
      ? `${name} ${(input as Settled).step.id}`
      : name,
  );
  expect(calls.indexOf('submitRequest grant:b')).toBeGreaterThan(
    calls.indexOf('settleStep revoke:a'),
  );
});

test('a grant whose removal before it failed is stopped, and says why', async () => {
  const { result, settled, closing } = await run('removal-fails-before-a-grant');
  expect(settled).toEqual(['revoke:a: failed', 'grant:b: refused-sod']);
  expect(closing.outcome).toBe('failed');
  expect((callsTo(result, 'settleStep') as Settled[])[1]?.result.reason).toBe(
    'partner-not-removed:a',
  );
});

test('an open request that is not wanted is waited for, and what it gave is removed', async () => {
  const { settled, closing } = await run('waits-for-a-request-and-removes');
  expect(settled).toEqual(['wait:a: waited', 'revoke:a: revoked']);
  expect(closing.outcome).toBe('revoked');
});

test('a grant that another run of the person has begun meanwhile is waited for, and reported as what came of it', async () => {
  const { settled, closing } = await run('another-run-is-faster');
  expect(settled).toEqual(['grant:a: superseded', 'wait:a: delivered']);
  expect(closing.outcome).toBe('delivered');
});

test('a disabled account holds up no removal, and what it holds up is reported after the deadline', async () => {
  const { settled, closing } = await run('removal-while-the-account-is-disabled');
  expect(settled).toEqual(['revoke:a: revoked']);
  expect(closing).toMatchObject({ outcome: 'needs-attention', reason: 'account-disabled' });
});

test('what is not ours is handed off in a row of its own, and the event ends as its kind says', async () => {
  const { settled, closing } = await run('nothing-left-to-remove');
  expect(settled).toEqual(['hand-off:x: handed-off']);
  expect(closing).toMatchObject({ outcome: 'revoked' });
  expect(closing.reason).toBeUndefined();
});

test('what changes at a date while a request waits for its approval is done then, and not when the run ends', async () => {
  const { result, settled, closing } = await run('changes-while-an-approval-is-open');
  expect(settled).toEqual(['grant:a: delivered', 'revoke:a: revoked', 'grant:b: timed-out']);
  const [, removal] = callsTo(result, 'settleStep') as { at: string }[];
  const minutes = (Date.parse(removal?.at ?? '') - START.getTime()) / 60_000;
  expect(minutes).toBeGreaterThanOrEqual(120);
  expect(minutes).toBeLessThan(125);
  expect(closing.outcome).toBe('partly-delivered');
});

test('what a run has given and taken it can give again', async () => {
  const { settled } = await run('given-taken-and-given-again-meanwhile');
  expect(settled).toEqual([
    ...['grant:a: delivered', 'revoke:a: revoked', 'grant:a: delivered', 'grant:b: timed-out'],
  ]);
});

test('a plan that never ends is given up after a bound', async () => {
  const { settled, closing } = await run('waits-without-end');
  expect(settled.length).toBe(12);
  expect(closing).toMatchObject({ outcome: 'needs-attention', reason: 'plan-unstable' });
});
