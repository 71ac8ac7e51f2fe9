import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import model from '../../../access-model.json';
import { commands } from '../../../cli/commands';
import { eventually } from '../../support/eventually';
import { runCommand } from '../../support/run-command';
import { messageOf, SOURCE } from '../../support/events';
import { finance, sales, startLife, type Life } from './life';

/* What an auditor and an operator ask of the whole app, by the commands alone. */

let life: Life;
beforeAll(async () => {
  // Every removal waits for somebody to decide.
  life = await startLife({ files: { ACCESS_MODEL: model }, env: { REMOVAL_LIMIT: '0' } });
});
afterAll(() => life.stop());

const joinery = (...args: string[]) => runCommand(args, { JOINERY_DATA_DIR: life.stack.dataDir });

/** What a command answers with --json, by the shape that it declares. */
async function answer<Answer>(name: string, ...args: string[]): Promise<Answer> {
  const { stdout, stderr } = await joinery(name, ...args, '--json');
  expect(stderr).toBe('');
  const { output } = commands.find((one) => one.name === name) ?? {};
  return output?.parse(JSON.parse(stdout)) as Answer;
}

/** Decides about the brake that holds a removal of a person. */
async function decide(decision: 'release' | 'discard', personId: string, by: string) {
  const brake = await eventually(`a removal of ${personId} is held`, async () => {
    const { brakes } = await answer<{ brakes: Brake[] }>('held');
    return brakes.find(({ people }) => people.some(({ person }) => person === personId));
  });
  expect((await joinery(decision, brake.id, '--by', by, '--reason', 'INC-1')).code).toBe(0);
  return brake.id;
}

/** The rules of the app, from its next start on. */
async function changeRules(birthrights: object[]): Promise<void> {
  const path = join(life.stack.dataDir, 'access_model.json');
  await writeFile(path, JSON.stringify({ ...model, birthrights }));
  await life.stack.kill('host');
  await life.stack.start('host');
}

type Brake = { id: string; people: { person: string }[] };
type Step = Record<string, unknown> & { facts: Record<string, unknown>[] };
type Explained = { attempts: { closedAt?: string; steps: Step[] }[] };

test('person shows what somebody has and why, what is asked for and open, and what comes next in their zone, by any of their numbers', async () => {
  const { id, joined } = life.worker('W-1022');
  const account = await life.accountOf(id);
  const engineer = { department: 'Engineering', jobCode: 'ENG-SRE-1', workerType: 'contractor' };
  const more = { endDate: '2027-05-31', previousWorkerId: 'C-77' };
  const join = joined('2026-11-02', engineer, more);
  expect(await life.ending(join)).toBe('partly-delivered');

  const report = await answer<Record<string, unknown>>('person', id);
  const until = '2027-05-31T22:00:00.000Z';
  const given = {
    ...{ whose: 'ours', targetId: account, event: { eventId: join.id } },
    ...{ assignmentId: expect.any(String) as string, facts: [{ eventId: join.id }] },
  };
  const lost = { packageKey: expect.any(String) as string };
  expect(report).toMatchObject({
    ...{ person: 'C-77', numbers: ['C-77', id] },
    has: [
      { ...given, packageKey: 'contractors', ruleId: 'outside-staff' },
      { ...given, packageKey: 'source-code', until, ruleNow: { ruleId: 'developers', until } },
    ],
    asked: [{ packageKey: 'production-access', action: 'grant', event: { eventId: join.id } }],
    open: [],
    facts: [{ eventId: join.id, fate: 'current', states: { endDate: '2027-05-31' } }],
    next: [
      {
        ...{ at: until, local: '2027-06-01T00:00:00', timeZone: 'Europe/Berlin' },
        ...{ gains: [], losses: [lost, lost, lost] },
      },
    ],
    // The policy of Contractors ends an assignment before the person leaves.
    wakeAt: expect.stringMatching(/^2027-05-2/) as string,
  });
  expect(await answer('person', 'C-77')).toEqual(report);
  const { stdout } = await joinery('person', 'C-77');
  expect(stdout).toContain(`Worker C-77, also ${id}\n`);
  expect(stdout).toMatch(/^source-code +ours +20.*developers/m);
  expect(stdout).toMatch(/^production-access +grant +requested/m);

  const unknown = await joinery('person', 'W-404');
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain('no event of the worker W-404 is known');
}, 180_000);

test('recheck plans again what somebody has discarded, and explain tells who asked', async () => {
  const { id, joined, left } = life.worker('W-1023');
  const account = await life.accountOf(id);
  expect(await life.ending(joined('2026-11-02', finance))).toBe('delivered');
  const leave = left({ lastDay: '2026-11-20' });
  await life.say(leave);
  await decide('discard', id, 'bob');
  expect(await life.closed(leave)).toMatchObject({ outcome: 'discarded' });
  expect((await answer<Explained>('explain', leave.id)).attempts[0]?.steps).toMatchObject([
    { action: 'revoke', outcome: 'discarded', decidedBy: 'bob', decisionReason: 'INC-1' },
  ]);
  expect(await life.has(account)).toEqual(['Finance']);
  // Nothing else was stated of the person, so only who asks for it can end the discard.
  const asked = ['--by', 'carol', '--reason', 'INC-9'];
  const { eventId } = await answer<{ eventId: string }>('recheck', id, ...asked);
  await decide('release', id, 'ann');
  const explained = await eventually('the recheck is over', async () => {
    const known = await answer<Explained>('explain', eventId);
    return known.attempts[0]?.closedAt !== undefined && known;
  });
  expect(explained.attempts).toMatchObject([
    {
      ...{ initiator: 'recheck:carol', requestReason: 'INC-9', outcome: 'revoked' },
      steps: [
        {
          ...{ action: 'revoke', packageKey: 'finance', outcome: 'revoked', decidedBy: 'ann' },
          facts: [{ type: 'hr.worker.joined.v1' }, { eventId: leave.id }],
        },
      ],
    },
  ]);
  expect(await life.has(account)).toEqual([]);
  expect(await answer('person', id)).toMatchObject({ has: [], asked: [], open: [], next: [] });
  const unknown = await joinery('recheck', 'W-404', ...asked);
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain('no event of the worker W-404 is known');
}, 180_000);

test('explain names the events, rule, policy and outcome of each step of a mover, also after the rules have changed', async () => {
  const { id, joined, moved } = life.worker('W-1021');
  const account = await life.accountOf(id);
  const [join, move] = [joined('2026-11-02', finance), moved('2026-11-20', sales)];
  expect(await life.ending(join)).toBe('delivered');
  await life.say(move);
  const brake = await decide('release', id, 'ann');
  expect(await life.closed(move)).toMatchObject({ outcome: 'delivered' });

  const explained = await answer<Explained>('explain', move.id);
  const of = (action: string) =>
    explained.attempts[0]?.steps.find((step) => step['action'] === action);
  const joinFact = {
    ...{ eventId: join.id, source: SOURCE, type: 'hr.worker.joined.v1', workerId: id },
    ...{ eventHash: messageOf(join).eventHash, acceptedAt: expect.any(String) as string },
    states: { kind: 'joined', startDate: '2026-11-02' },
  };
  const moveFact = {
    ...{ eventId: move.id, type: 'hr.worker.moved.v1' },
    states: { kind: 'moved', effectiveDate: '2026-11-20', attributes: sales },
  };
  const [assignment] = await life.assignments(account);
  expect(explained).toMatchObject({
    event: moveFact,
    attempts: [{ attempt: 1, initiator: 'event', outcome: 'delivered' }],
    faults: [],
  });
  expect(of('revoke')).toMatchObject({
    ...{ packageKey: 'finance', outcome: 'revoked', targetId: account, whose: 'ours' },
    ...{ held: 'held', actAt: '2026-11-19T23:00:00.000Z', facts: [joinFact, moveFact] },
    ...{ brake, decidedBy: 'ann', decisionReason: 'INC-1' },
    operations: [{ operation: 'remove', outcome: 'revoked' }],
  });
  expect(of('revoke')).not.toHaveProperty('ruleId');
  expect(of('grant')).toMatchObject({
    ...{ packageKey: 'sales', packageName: 'Sales', outcome: 'delivered', ruleId: 'sales-staff' },
    ...{ held: 'nothing', whose: 'ours', assignmentId: assignment?.id, facts: [moveFact] },
    ...{ assignmentPolicyId: expect.any(String) as string, policyApproval: 'not-required' },
    ...{ readyBy: '2026-11-20T08:00:00.000Z', marginMinutes: expect.any(Number) as number },
    operations: [
      { operation: 'ensure', outcome: 'complete' },
      { operation: 'assign', outcome: 'delivered', graphState: 'delivered' },
    ],
  });

  // By these rules everybody has Finance, and another one gives Sales.
  const anybody = { not: { attribute: 'department', equals: 'Nowhere' } };
  await changeRules(
    model.birthrights.map((rule) => {
      if (rule.id === 'finance-staff') return { ...rule, when: anybody };
      return rule.id === 'sales-staff' ? { ...rule, id: 'sales-people' } : rule;
    }),
  );
  expect(await answer('explain', move.id)).toEqual(explained);
  const { code, stdout } = await joinery('explain', move.id);
  expect(code).toBe(0);
  expect(stdout).toContain('revoke finance (Finance): revoked\n');
  expect(stdout).toMatch(/^rule +none gives it from 2026-11-19T23:00:00.000Z on$/m);
  expect(stdout).toMatch(/^rule +sales-staff$/m);
  expect(stdout).toContain(`${join.id} of ${SOURCE} (joined, from 2026-11-02, accepted 20`);
}, 180_000);

test('what the app has done and what the tables hold agree', async () => {
  expect(await life.faults()).toEqual([]);
});
