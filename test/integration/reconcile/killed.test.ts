import { createHash } from 'node:crypto';
import type { ChangeModel } from '../runs/process';
import { callActivity } from '../runs/drive-run';
import { openTenant, type Tenant } from './tenant';

/* Runs that are killed, and runs beside each other: real tables, real HTTP to the simulator, a virtual clock. */

/** Two packages, which Sales gives. */
const KEYS = ['finance', 'sales'];
const model: ChangeModel = ({ birthrights, accessPackages, ...sample }) => ({
  ...sample,
  reconcile: { missing: 'repair', taken: 'repair', 'extra-ours': 'repair' },
  accessPackages: accessPackages.filter(({ key }) => KEYS.includes(key)),
  birthrights: birthrights.flatMap((rule) =>
    rule.id === 'sales-staff' ? [{ ...rule, packages: KEYS }] : [],
  ),
});

const [WITHOUT, ROBBED, LEFT] = ['W-1021', 'W-1022', 'W-1023'];
const EFFECT = {
  named: [
    `extra-ours finance ${LEFT} repair`,
    `extra-ours sales ${LEFT} repair`,
    `missing sales ${WITHOUT} repair`,
    `taken finance ${ROBBED} repair`,
  ],
  permits: [
    ...[`grant finance ${ROBBED}`, `grant sales ${WITHOUT}`],
    ...[`revoke finance ${LEFT}`, `revoke sales ${LEFT}`],
  ],
  scopes: ['finance complete', 'sales complete'],
  closings: ['drift'],
  exitCode: 1,
};

/** No brake holds what these runs repair. */
const LIMITS = { reconcile: { removalLimit: 2 } };

let tenant: Tenant;
let runs = 0;
const messages: Uint8Array[] = [];
beforeAll(async () => {
  tenant = await openTenant(7, model, {}, undefined, 6);
  await tenant.lose(WITHOUT, 'Sales');
  await tenant.take(ROBBED, 'Finance');
  await leaves(LEFT, 'W-1027');
}, 300_000);
afterAll(() => tenant.stop());

jest.setTimeout(900_000);

/** Who held Sales in their account and Finance in one that they had before has left, and the run of that was lost. */
async function leaves(workerId: string, before: string): Promise<void> {
  const { holdings, workers } = tenant.start().services;
  await tenant.take(workerId, 'Finance');
  const { id } = (await tenant.control('POST', 'assignments', {
    ...{ packageName: 'Finance', employeeId: before, justification: 'joinery:before' },
  })) as { id: string };
  const own = (await holdings.of([workerId])).find(({ packageKey }) => packageKey === 'finance');
  if (!own) throw new Error('no holding');
  const targetId = await tenant.objectId(before);
  await holdings.save({ ...own, etag: undefined, targetId, assignmentId: id });
  const [joined] = await workers.facts(workerId);
  if (!joined) throw new Error('nothing was stated');
  await workers.addFact({
    ...{ ...joined, id: 'left', hash: createHash('sha256').update(workerId).digest('hex') },
    ...{ time: new Date().toISOString(), states: { kind: 'left', lastDay: '2026-11-23' } },
  });
}

/** What a run leaves behind, but for what each run has of its own. */
function effectOf(run: Awaited<ReturnType<Tenant['drive']>>) {
  messages.push(...run.messages);
  runs += 1;
  const { named, permits, scopes, closings, exitCode } = run;
  return { named, permits, scopes, closings, exitCode };
}

/** What a run that has ended must not leave: the lease, and a place among what the supervisor looks at. */
async function leftOf({ eventHash }: { eventHash: string }) {
  const { staging } = tenant.start().services;
  const due: string[] = [];
  for await (const rows of tenant.storage.table('due').scan({}))
    due.push(...rows.map(({ key }) => key).filter((key) => key.includes(eventHash)));
  return { holder: (await staging.lease()).holder, due };
}

test('a run that is asked for twice, and whose orchestration is started twice at once, is one run', async () => {
  const asked = await tenant.ask();
  const both = await Promise.all([
    tenant.drive(asked, { ...LIMITS, token: 't-1' }),
    tenant.drive(asked, { ...LIMITS, token: 't-2' }),
  ]);
  const counts = both.map(({ activities }) => activities.length).sort((few, many) => few - many);
  expect(counts[0]).toBe(1);
  const [run] = both.filter(({ activities }) => activities.length > 1);
  if (!run) throw new Error('none of the two ran');
  expect(effectOf(run)).toEqual(EFFECT);
});

test('of two runs at once one does all, and the other one closes without reading anything', async () => {
  const asked = [await tenant.ask(), await tenant.ask()];
  const both = await Promise.all(asked.map((one) => tenant.drive(one, LIMITS)));
  const [second, ...others] = both.filter(({ closings }) => closings[0] === 'superseded');
  expect(others).toEqual([]);
  if (!second) throw new Error('both ran');
  expect(await leftOf(second)).toMatchObject({ due: [] });
  expect(second).toMatchObject({
    ...{ closings: ['superseded'], reason: 'another-run', permits: [] },
    ...{ activities: ['beginReconciliation'], report: undefined },
  });
  const [run] = both.filter((one) => one !== second);
  if (!run) throw new Error('both ran');
  expect(effectOf(run)).toEqual(EFFECT);
});

test('a decision that meets another run waits for its end, and is carried out then', async () => {
  const decision = {
    ...{ brake: 'reconcile-grant-of-nobody', state: 'released' as const },
    ...{ by: 'ann', reason: 'T-1' },
  };
  const other = await tenant.ask();
  const isOver = (): Promise<boolean> => Promise.resolve(false);
  await tenant.start().services.staging.acquire(`${other.eventHash}-1`, isOver);
  let looks = 0;
  const decided = await tenant.drive(await tenant.ask({ decision }), {
    perform: async (process, call) => {
      const answer = await callActivity(process, call);
      looks += 1;
      if (looks === 5) expect(effectOf(await tenant.drive(other, LIMITS))).toEqual(EFFECT);
      return answer;
    },
  });
  expect(decided.activities).toEqual([
    ...Array<string>(6).fill('beginReconciliation'),
    ...['decideBrake', 'closeReconciliation'],
  ]);
  // No run had such a brake: that is found out only when it is looked at.
  expect(decided).toMatchObject({ closings: ['superseded'], reason: 'unknown-brake' });
});

test('a run that ends before its rechecks were sent has given nothing back: the next run asks for the same', async () => {
  const send = (): Promise<void> => Promise.reject(new Error('refused'));
  const broken = await tenant.reconcile({ ...LIMITS, send });
  const { named, scopes } = EFFECT;
  expect(broken).toMatchObject({ named, scopes, permits: [], closings: ['incomplete'] });
  expect(effectOf(await tenant.reconcile(LIMITS))).toEqual(EFFECT);
});

/** Where nobody's run is open, and without a roster. */
const WITHOUT_WRITES = ['readOpenRuns', 'readRoster'];

test('every activity dies before and after each of its writes: the run ends as any other, and closes once', async () => {
  const run = await tenant.reconcile({ ...LIMITS, diesEverywhere: true });
  const { deaths } = run;
  console.log(`${deaths.length} deaths`);
  expect(effectOf(run)).toEqual(EFFECT);
  expect(await leftOf(run)).toEqual({ holder: undefined, due: [] });
  for (const death of ['before send of sendRechecks', 'after send of sendRechecks'])
    expect(deaths.filter((one) => one === death)).toHaveLength(3);
  const killed = new Set(deaths.map((death) => death.split(' of ').at(-1)));
  expect([...killed].sort()).toEqual(
    [...new Set(run.activities)].filter((name) => !WITHOUT_WRITES.includes(name)).sort(),
  );
});

test('however often they were sent, the rechecks of all these runs begin one event for each run and person', async () => {
  const started = (await tenant.deliver(messages)) as { instanceId: string }[];
  expect(new Set(started.map(({ instanceId }) => instanceId)).size).toBe(3 * runs);
  expect(messages.length).toBeGreaterThan(3 * runs);
});
