import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinerEvent } from '../../support/events';
import { runCommand } from '../../support/run-command';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'joinery-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, value: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
};
const SALES = { department: 'Sales', workerType: 'employee', location: 'Berlin' };
const joiner = joinerEvent('W-1', { data: { endDate: undefined } });
const mover = {
  ...joinerEvent('W-1', { id: 'W-1-moved' }),
  type: 'hr.worker.moved.v1',
  time: '2026-11-21T09:30:00Z',
  data: { workerId: 'W-1', employmentId: 'E-1', effectiveDate: '2027-03-01', attributes: SALES },
};

it('prints wants, steps, stops, hand-offs, fates and the next change, with instants in UTC', async () => {
  const { code, stdout, stderr } = await plan({
    events: [mover, joiner],
    held: [
      { packageKey: 'finance', whose: 'ours', state: 'held', assignmentId: 'a-1' },
      { packageKey: 'unknown', whose: 'theirs', state: 'held' },
    ],
    at: '2027-03-01T00:00:00+01:00',
  });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^warning: \S+: \[1\]\.packageKey: the model has no package "unknown"\n$/);
  const output = JSON.parse(stdout) as Record<string, unknown>;
  expect(output).toMatchObject({
    handOff: ['unknown'],
    next: null,
    fates: {
      'urn:hr:acme:workday W-1-joined-1': 'current',
      'urn:hr:acme:workday W-1-moved': 'current',
    },
  });
  expect(output['wants']).toContainEqual({
    packageKey: 'sales',
    ruleId: expect.any(String) as string,
    reason: 'rule',
  });
  expect(output['steps']).toContainEqual({
    id: 'revoke:finance',
    action: 'revoke',
    packageKey: 'finance',
    after: [],
  });
  const { stdout: before } = await plan({ events: [joiner, mover], at: '2027-02-28T22:59:59Z' });
  expect(JSON.parse(before)).toMatchObject({ next: '2027-02-28T23:00:00.000Z' });
});

it.each([
  ['events that are no JSON', { events: 'nonsense' }, 'events'],
  [
    'an event of an unknown type',
    { events: [{ ...joiner, type: 'hr.worker.promoted.v1' }] },
    'type',
  ],
  [
    'a left with two ends',
    { events: [leftWith({ lastDay: '2027-01-31', endsAt: '2027-01-31T15:00:00Z' })] },
    'exactly one of lastDay and endsAt',
  ],
  [
    'one event stated twice in two ways',
    { events: [joiner, { ...joiner, time: '2026-11-22T00:00:00Z' }] },
    'stated otherwise',
  ],
  ['events of two people', { events: [joiner, joinerEvent('W-2')] }, 'several people'],
  [
    'an unknown member of what is held',
    { held: [{ packageKey: 'finance', whose: 'ours', state: 'held', since: 'x' }] },
    'since',
  ],
  [
    'a member of what is held that is given twice',
    {
      held: '[{\n"packageKey": "finance", "packageKey": "sales", "whose": "ours", "state": "held" }]',
    },
    'line 2, in *.packageKey: duplicate-key',
  ],
  [
    'a member of an event that is given twice',
    { events: JSON.stringify([joiner]).replace('"id"', '"id":"other","id"') },
    'line 1, in *.id: duplicate-key',
  ],
  ['an unknown state', { held: [{ packageKey: 'finance', whose: 'ours', state: 'lost' }] }, '0'],
  ['a faulty model', { model: { version: 1 } }, 'leadDays'],
  ['an instant that is none', { at: 'tomorrow' }, '--at'],
  ['an instant without an offset', { at: '2027-01-01T00:00:00' }, '--at'],
  ['an instant of a day that does not exist', { at: '2027-02-30T00:00:00Z' }, '--at'],
  ['a duration instead of an instant', { at: '4h' }, '--at'],
  ['events that are no array', { events: joiner }, '\n  the file: must be a list, not an object'],
])('%s exits with 2 and says where', async (_, given, text) => {
  const { code, stderr } = await plan(given);
  expect(stderr).toContain(text);
  expect(code).toBe(2);
});

it('takes an event that comes twice once, also where its time is written with another offset', async () => {
  const again = { ...joiner, time: '2026-11-20T10:30:00+01:00' };
  expect(again.time.slice(0, 10)).toBe(joiner.time.slice(0, 10));
  const { code, stdout } = await plan({ events: [joiner, again, joiner] });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    fates: { 'urn:hr:acme:workday W-1-joined-1': 'current' },
  });
});

function leftWith(data: object) {
  return { ...joiner, type: 'hr.worker.left.v1', data: { workerId: 'W-1', ...data } };
}

type Given = { events?: unknown; held?: unknown; model?: unknown; at?: string };
async function plan({ events = [joiner], held, model, at = '2027-01-01T00:00:00Z' }: Given) {
  return runCommand(
    [
      ...['plan', '--events', file('events.json', events), '--at', at, '--json'],
      ...['--model', model === undefined ? 'access-model.json' : file('model.json', model)],
      ...(held === undefined ? [] : ['--held', file('held.json', held)]),
    ],
    {},
  );
}
