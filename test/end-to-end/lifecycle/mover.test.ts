import model from '../../../access-model.json';
import { text } from '../../resilience/invariants/rows';
import { eventually } from '../../support/eventually';
import { emptyTable } from '../../support/tables';
import {
  ADMINISTRATOR,
  approver,
  clerk,
  contractor,
  finance,
  sales,
  startLife,
  type Life,
} from './life';

let life: Life;
beforeAll(async () => {
  const overlapDays = { contractors: 30, 'payments-approval': 30 };
  const accessPackages = model.accessPackages.map((one) => ({
    ...one,
    overlapDays: Object.entries(overlapDays).find(([key]) => key === one.key)?.[1] ?? 0,
  }));
  life = await startLife({ files: { ACCESS_MODEL: { ...model, accessPackages } } });
});
afterAll(() => life.stop());

test('a mover loses what the new position does not give and gets what it gives', async () => {
  const { id, joined, moved } = life.worker('W-1021');
  const account = await life.accountOf(id);
  expect(await life.ending(joined('2026-11-02', finance))).toBe('delivered');
  expect(await life.has(account)).toEqual(['Finance']);

  const move = moved('2026-11-20', sales);
  expect(await life.ending(move)).toBe('delivered');
  expect(await life.has(account)).toEqual(['Sales']);
  expect(await life.rows(move)).toEqual(['grant sales: delivered', 'revoke finance: revoked']);
});

test('a package with an overlap stays beside the new one for its days', async () => {
  const { id, joined, moved } = life.worker('W-1029');
  const account = await life.accountOf(id);
  await life.ending(joined('2026-11-02', contractor));
  const move = moved('2026-11-20', sales);
  expect(await life.ending(move)).toBe('delivered');
  expect(await life.rows(move)).toEqual([
    'grant contractors: already-held',
    'grant sales: delivered',
  ]);
  expect(await life.has(account)).toEqual(['Contractors', 'Sales']);
});

test('of an incompatible pair the old package, whatever its overlap, is removed and its absence seen before the new one is requested', async () => {
  const { id, joined, moved } = life.worker('W-1022');
  const account = await life.accountOf(id);
  expect(await life.ending(joined('2026-11-02', approver))).toBe('delivered');

  const move = moved('2026-11-20', clerk);
  expect(await life.ending(move)).toBe('delivered');
  expect(await life.has(account)).toEqual(['Vendor Maintenance']);
  expect(await life.rows(move)).toEqual([
    'grant vendor-maintenance: delivered',
    'revoke payments-approval: revoked',
  ]);
});

test('two events within a second, the second incompatible with the first that is still delivered: never both', async () => {
  const { id, joined, moved } = life.worker('W-1023');
  const account = await life.accountOf(id);
  const [first, second] = [joined('2026-11-02', approver), moved('2026-11-20', clerk)];
  await life.say(first, second);
  await Promise.all([life.closed(first), life.closed(second)]);
  expect(await life.has(account)).toEqual(['Vendor Maintenance']);
});

test('of an incompatible pair that an administrator has given the other, nothing is requested, and both are named', async () => {
  const { id, joined } = life.worker('W-1026');
  const account = await life.accountOf(id);
  await life.give(account, 'Vendor Maintenance');
  const join = joined('2026-11-02', approver);
  expect(await life.ending(join)).toBe('refused-sod: sod-partner-not-ours:vendor-maintenance');
  expect(await life.rows(join)).toEqual([
    'grant payments-approval: refused-sod',
    'hand-off vendor-maintenance: handed-off',
  ]);
  expect(await life.has(account)).toEqual(['Vendor Maintenance']);
});

test('of an incompatible pair of which an administrator has requested the other, nothing is requested', async () => {
  const { id, joined } = life.worker('W-1027');
  const account = await life.accountOf(id);
  await life.control('POST', 'requests', {
    ...{ packageName: 'Vendor Maintenance', userId: account, state: 'pendingApproval' },
    justification: ADMINISTRATOR,
  });
  const join = joined('2026-11-02', approver);
  expect(await life.ending(join)).toBe('refused-sod: sod-partner-not-ours:vendor-maintenance');
  expect(await life.has(account)).toEqual([]);
});

test('a mover of several packages loses one, keeps one and gets one, though one of them is refused', async () => {
  const { id, joined, moved } = life.worker('W-1028');
  const account = await life.accountOf(id);
  const engineer = { department: 'Engineering', workerType: 'employee' };
  await life.ending(joined('2026-11-02', { ...engineer, jobCode: 'ENG-SE-1' }));
  expect(await life.has(account)).toEqual(['Engineering', 'Source Code']);
  const move = moved('2026-11-20', { ...engineer, jobCode: 'ENG-SRE-1' });
  expect(await life.ending(move)).toBe('partly-delivered');
  expect(await life.rows(move)).toEqual([
    'grant engineering: already-held',
    'grant production-access: approval-required',
    'grant source-code: already-held',
  ]);
});

test('a mover whose new position gives the same keeps it, without a request', async () => {
  const { joined, moved } = life.worker('W-1024');
  await life.ending(joined('2026-11-02', finance));
  const before = (await life.tenant()).requests.length;
  const move = moved('2026-11-20', { ...finance, jobCode: 'FIN-AN-3' });
  expect(await life.ending(move)).toBe('already-held');
  expect((await life.tenant()).requests.length).toBe(before);
});

test('a mover without any earlier event is a joiner', async () => {
  const { id, moved } = life.worker('W-1025');
  expect(await life.ending(moved('2026-11-20', finance))).toBe('delivered');
  expect(await life.has(await life.accountOf(id))).toEqual(['Finance']);
});

test('somebody who was given a wanted package by hand, before any run knew its id, keeps it and is not handed off for it', async () => {
  const { id, joined } = life.worker('W-1030');
  const account = await life.accountOf(id);
  await life.give(account, 'Finance');
  await emptyTable(life.stack.storage, 'packages');
  const join = joined('2026-11-02', finance);
  expect(await life.ending(join)).toBe('already-held');
  expect(await life.rows(join)).toEqual(['grant finance: already-held']);
  expect(await life.has(account)).toEqual(['Finance']);
});

test('somebody who goes on under a new number that has an account of its own gets there what they are to have, and loses the rest in the old account', async () => {
  const [before, after] = [life.worker('W-1031'), life.worker('W-1032')];
  const [old = '', account = ''] = await Promise.all(
    [before, after].map((one) => life.accountOf(one.id)),
  );
  expect(await life.ending(before.joined('2026-11-02', contractor))).toBe('delivered');
  const left = before.left({ lastDay: '2026-11-30' });
  const goesOn = after.joined('2026-12-01', finance, { previousWorkerId: before.id });
  await life.state(left, goesOn);
  await eventually('both wait for the day', async () => {
    const claims = await Promise.all([left, goesOn].map(life.claim));
    return claims.every((one) => text(one, 'waiting').includes('"parked"'));
  });
  expect(await life.has(old)).toEqual(['Contractors']);

  await life.stack.advance(new Date('2026-12-01T00:00:00Z'));
  await Promise.all([left, goesOn].map(life.closed));
  expect(await life.has(old)).toEqual([]);
  expect(await life.has(account)).toEqual(['Finance']);
  const rows = (await Promise.all([left, goesOn].map(life.rows))).flat();
  expect(rows).toContain('revoke contractors: revoked');
  expect(rows.filter((row) => row.startsWith('hand-off'))).toEqual([]);
});

test('every invariant holds', async () => {
  expect(await life.faults()).toEqual([]);
});
