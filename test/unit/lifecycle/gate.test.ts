import * as fc from 'fast-check';
import { AccessModel, Mode } from '../../../shared/domain/access-model/access-model';
import { LifecycleEvent } from '../../../shared/domain/events/lifecycle-event';
import { factOf } from '../../../shared/domain/lifecycle/fact-of';
import type { StoredFact } from '../../../shared/domain/lifecycle/facts';
import {
  Exclusions,
  gate,
  isExcluded,
  isPermitted,
  removalsOf,
  removalsToCount,
  type BrakeAnswer,
} from '../../../shared/domain/lifecycle/gate';
import type { Held } from '../../../shared/domain/lifecycle/held';
import { planFor, type Step } from '../../../shared/domain/lifecycle/planner';
import { timelineOf } from '../../../shared/domain/lifecycle/timeline';

const accessPackage = (key: string, more: object = {}) => ({
  key,
  catalog: 'all',
  displayName: key,
  description: key,
  resources: [
    { originSystem: 'AadGroup', originId: '10000000-0000-4000-8000-000000000001', role: 'Member' },
  ],
  policy: {
    displayName: 'Birthright',
    description: 'While the worker stays.',
    expiration: { type: 'noExpiration' },
    approval: { required: false },
  },
  ...more,
});
const models = new Map<string, AccessModel>();
function modelOf(modes: Record<string, string> = {}): AccessModel {
  const key = JSON.stringify([modes['finance'], modes['sales']]);
  const known = models.get(key) ?? parseModel(modes);
  models.set(key, known);
  return known;
}
const parseModel = (modes: Record<string, string>) =>
  AccessModel.parse({
    version: 1,
    leadDays: 0,
    timeZones: { default: 'Etc/UTC', byLocation: {} },
    catalogs: [{ key: 'all', displayName: 'All', description: 'All.' }],
    accessPackages: ['finance', 'sales'].map((key) =>
      accessPackage(key, modes[key] === undefined ? {} : { mode: modes[key] }),
    ),
    birthrights: ['finance', 'sales'].map((department) => ({
      id: department,
      description: department,
      when: { attribute: 'department', equals: department },
      packages: [department],
    })),
  });

const step = (action: Step['action'], packageKey: string, after: string[] = []): Step => ({
  id: `${action}:${packageKey}`,
  action,
  packageKey,
  after,
});
/** A mover between two packages that do not go together. */
const MOVE = [step('revoke', 'finance'), step('grant', 'sales', ['revoke:finance'])];
const AT = Date.parse('2026-06-01T12:00:00Z');
const settled = (packageKey: string) => ({
  stepId: `revoke:${packageKey}`,
  packageKey,
  kind: 'usual' as const,
  settledAt: AT,
});

type Options = Partial<Parameters<typeof gate>[1]> & { modes?: Record<string, string> };
/** The plan of a mover, in short. */
function gated(steps: Step[], { modes = {}, ...options }: Options = {}) {
  const { run, would, waiting, stopped } = gate(steps, {
    at: AT,
    model: modelOf(modes),
    mode: 'enforce',
    isExcluded: false,
    removals: steps
      .filter(({ action }) => action === 'revoke')
      .map((one) => settled(one.packageKey)),
    answers: { usual: { kind: 'pass' } },
    discarded: new Set(),
    ...options,
  });
  return {
    run: run.map(({ id }) => id),
    would: would.map(({ id }) => id),
    waiting: waiting.map(({ step: { id }, why, until, brake }) =>
      [id, why, until === undefined ? brake : new Date(until).toISOString()]
        .filter(Boolean)
        .join(' '),
    ),
    stopped: stopped.map(({ step: { id }, reason }) => `${id} ${reason}`),
  };
}
const nothing = { run: [], would: [], waiting: [], stopped: [] };
const both = ['revoke:finance', 'grant:sales'];

describe('the mode', () => {
  test.each<[string, Mode, Record<string, string>, object]>([
    ['carries everything out', 'enforce', {}, { run: both }],
    ['only records', 'observe', {}, { would: both }],
    ['keeps everything waiting', 'paused', {}, { waiting: both.map((id) => `${id} paused`) }],
    [
      'of a package wins over MODE',
      'observe',
      { finance: 'enforce', sales: 'enforce' },
      { run: both },
    ],
    [
      'paused of everything wins over a package',
      'paused',
      { sales: 'enforce' },
      { waiting: both.map((id) => `${id} paused`) },
    ],
    [
      'of one package leaves the other alone',
      'enforce',
      { sales: 'observe' },
      { run: ['revoke:finance'], would: ['grant:sales'] },
    ],
    [
      'observe stops the grant behind a removal that is only recorded',
      'enforce',
      { finance: 'observe' },
      { would: ['revoke:finance'], stopped: ['grant:sales after-not-carried-out'] },
    ],
    [
      'paused lets the grant behind it wait too',
      'enforce',
      { finance: 'paused' },
      { waiting: both.map((id) => `${id} paused`) },
    ],
  ])('%s', (_, mode, modes, expected) => {
    expect(gated(MOVE, { mode, modes })).toEqual({ ...nothing, ...expected });
  });

  test('of a package that the model no longer has is MODE', () => {
    const steps = [step('revoke', 'gone')];
    expect(gated(steps, { mode: 'observe' })).toEqual({ ...nothing, would: ['revoke:gone'] });
    expect(gated(steps)).toEqual({ ...nothing, run: ['revoke:gone'] });
  });
});

test('a permit to carry out a broken request again holds for the new one that takes its place, and for no other grant', () => {
  const pairs = [{ packageKey: 'sales', action: 'reprocess' as const }];
  const permit = { run: 'run-1', pairs };
  const grant = step('grant', 'sales');
  expect(isPermitted(permit, { ...grant, held: 'broken' })).toBe(true);
  expect(isPermitted(permit, { ...grant, held: 'nothing' })).toBe(false);
  expect(
    isPermitted(
      { run: 'run-1', pairs: [{ packageKey: 'sales', action: 'grant' }] },
      step('reprocess', 'sales'),
    ),
  ).toBe(false);
});

test('what comes behind a step that is not permitted is stopped too', () => {
  const permit = { run: 'run-1', pairs: [{ packageKey: 'sales', action: 'grant' as const }] };
  expect(gated(MOVE, { permit })).toEqual({
    ...nothing,
    stopped: ['revoke:finance not-permitted', 'grant:sales after-not-carried-out'],
  });
});

test('nothing is carried out for an excluded person, and a step that waits stays', () => {
  const steps = [...MOVE, step('wait', 'badge')];
  expect(gated(steps, { isExcluded: true })).toEqual({
    ...nothing,
    run: ['wait:badge'],
    stopped: both.map((id) => `${id} excluded`),
  });
});

test('a person is excluded by any worker id or object id, whatever the case of the object id', () => {
  const objectId = '6f1c2a3b-0000-4000-8000-00000000000a';
  const list = Exclusions.parse({ workerIds: ['W-1'], objectIds: [objectId.toUpperCase()] });
  const person = { workerIds: ['W-8', 'W-9'], objectIds: ['6f1c2a3b-0000-4000-8000-00000000000b'] };
  expect(isExcluded(list, person)).toBe(false);
  expect(isExcluded(list, { ...person, workerIds: ['W-8', 'W-1'] })).toBe(true);
  expect(isExcluded(list, { ...person, objectIds: [objectId.toUpperCase()] })).toBe(true);
  expect(() => Exclusions.parse({ workers: ['W-1'] })).toThrow();
  expect(() => Exclusions.parse({ objectIds: ['admin@example.com'] })).toThrow();
});

describe('a removal', () => {
  const removals = [{ ...settled('finance'), settledAt: AT + 60_000 }];

  test('waits for its settle time, and the grant behind it waits with it', () => {
    expect(gated(MOVE, { removals, answers: {} })).toEqual({
      ...nothing,
      waiting: both.map((id) => `${id} settling 2026-06-01T12:01:00.000Z`),
    });
  });

  test.each<[BrakeAnswer, object]>([
    [{ kind: 'held', brake: 'usual-1' }, { waiting: both.map((id) => `${id} brake usual-1`) }],
    [{ kind: 'released', brake: 'usual-1', by: 'ann', reason: 'T-1' }, { run: both }],
    [
      { kind: 'discarded', brake: 'usual-1', by: 'ann', reason: 'T-1' },
      { stopped: ['revoke:finance discarded', 'grant:sales after-not-carried-out'] },
    ],
  ])('that a brake answers with %j', (answer, expected) => {
    expect(gated(MOVE, { answers: { usual: answer } })).toEqual({ ...nothing, ...expected });
  });

  test('that somebody released still waits for its settle time', () => {
    const released: BrakeAnswer = { kind: 'released', brake: 'usual-1', by: 'ann', reason: 'T-1' };
    expect(gated(MOVE, { removals, answers: { usual: released } }).run).toEqual([]);
  });

  test('that was discarded before is not carried out and not counted again', () => {
    const discarded = new Set(['revoke:finance']);
    expect(gated(MOVE, { discarded }).stopped[0]).toBe('revoke:finance discarded');
    const situation = {
      model: modelOf(),
      mode: 'enforce' as const,
      isExcluded: false,
      discarded,
      removals,
    };
    expect(removalsToCount(situation)).toEqual([]);
  });

  test('of the other kind is not held by a brake of one kind', () => {
    const urgent = [{ ...settled('sales'), kind: 'urgent' as const }];
    const steps = [step('revoke', 'finance'), step('revoke', 'sales')];
    const answers = {
      usual: { kind: 'held', brake: 'usual-1' },
      urgent: { kind: 'pass' },
    } as const;
    expect(gated(steps, { removals: [settled('finance'), ...urgent], answers })).toEqual({
      ...nothing,
      run: ['revoke:sales'],
      waiting: ['revoke:finance brake usual-1'],
    });
  });

  test('is not carried out by mistake where no brake was asked', () => {
    expect(() => gated(MOVE, { answers: {} })).toThrow('was not asked');
  });

  test('counts against a brake only if nothing else keeps it from being carried out', () => {
    const count = (modes: Record<string, string>, excluded = false, mode: Mode = 'enforce') =>
      removalsToCount({
        model: modelOf(modes),
        mode,
        isExcluded: excluded,
        discarded: new Set(),
        removals,
      }).length;
    expect(count({})).toBe(1);
    expect(count({ finance: 'observe' })).toBe(0);
    expect(count({ finance: 'paused' })).toBe(0);
    expect(count({}, false, 'paused')).toBe(0);
    expect(count({}, true)).toBe(0);
  });
});

describe('the settle time', () => {
  const SETTLE = 900;
  const held: Held[] = [{ packageKey: 'finance', whose: 'ours', state: 'held' }];
  let number = 0;
  function fact(type: string, data: object, acceptedAt: string): StoredFact {
    number += 1;
    const event = LifecycleEvent.parse({
      specversion: '1.0',
      type: `hr.worker.${type}.v1`,
      source: 'urn:hr',
      id: `e${number}`,
      time: new Date(Date.parse('2026-01-01T00:00:00Z') + number * 1000).toISOString(),
      data: { workerId: 'W1', ...data },
    });
    return { ...factOf(event), acceptedAt };
  }
  const attributes = { department: 'finance' };
  const hired = () =>
    fact('joined', { startDate: '2026-01-05', attributes }, '2025-12-01T00:00:00Z');

  function removals(facts: StoredFact[], at: string) {
    const model = modelOf();
    const situation = { facts, held, model, at: Date.parse(at), settleSeconds: SETTLE };
    const { steps } = planFor({ ...situation, timeline: timelineOf(facts, model) });
    return removalsOf(steps, situation).map(
      ({ packageKey, kind, settledAt }) =>
        `${packageKey} ${kind} ${new Date(settledAt).toISOString()}`,
    );
  }

  test('counts from the acceptance of the fact that ends the access', () => {
    const facts = [hired(), fact('left', { lastDay: '2026-05-31' }, '2026-06-01T11:50:00Z')];
    expect(removals(facts, '2026-06-01T12:00:00Z')).toEqual([
      'finance usual 2026-06-01T12:05:00.000Z',
    ]);
  });

  test('is over at the instant for a leaver who was known for weeks', () => {
    const facts = [hired(), fact('left', { lastDay: '2026-05-31' }, '2026-05-01T00:00:00Z')];
    expect(removals(facts, '2026-06-01T00:00:00Z')).toEqual([
      'finance usual 2026-06-01T00:00:00.000Z',
    ]);
  });

  test('does not begin again with a later fact that changes nothing about the removal', () => {
    const facts = [
      hired(),
      fact('left', { lastDay: '2026-05-31' }, '2026-05-01T00:00:00Z'),
      fact('left', { lastDay: '2026-05-30' }, '2026-06-01T11:59:00Z'),
    ];
    expect(removals(facts, '2026-06-01T12:00:00Z')).toEqual([
      'finance usual 2026-06-01T12:00:00.000Z',
    ]);
  });

  test('begins again where a fact took the removal back in between', () => {
    const facts = [
      hired(),
      fact('left', { lastDay: '2026-05-31' }, '2026-05-01T00:00:00Z'),
      fact('left', { lastDay: '2026-12-31' }, '2026-06-01T11:52:00Z'),
      fact('left', { lastDay: '2026-05-31' }, '2026-06-01T11:58:00Z'),
    ];
    expect(removals(facts, '2026-06-01T12:00:00Z')).toEqual([
      'finance usual 2026-06-01T12:13:00.000Z',
    ]);
  });

  test('holds for movers as well', () => {
    const sales = { department: 'sales' };
    const facts = [
      hired(),
      fact('moved', { effectiveDate: '2026-06-01', attributes: sales }, '2026-06-01T11:59:00Z'),
    ];
    expect(removals(facts, '2026-06-01T12:00:00Z')).toEqual([
      'finance usual 2026-06-01T12:14:00.000Z',
    ]);
  });

  test('is none for an end at an instant, which is urgent, also as a correction', () => {
    const left = fact('left', { lastDay: '2026-12-31' }, '2026-05-01T00:00:00Z');
    const endsAt = '2026-06-01T11:59:00Z';
    const at = '2026-06-01T12:00:00Z';
    const urgent = ['finance urgent 2026-06-01T12:00:00.000Z'];
    expect(removals([hired(), fact('left', { endsAt }, endsAt)], at)).toEqual(urgent);
    const corrected = fact(
      'corrected',
      { revises: { source: left.source, id: left.id }, endsAt },
      endsAt,
    );
    expect(removals([hired(), left, corrected], at)).toEqual(urgent);
  });

  test('is the usual one where the access would end without the instant too', () => {
    const facts = [
      hired(),
      fact('left', { lastDay: '2026-05-30' }, '2026-06-01T11:50:00Z'),
      fact('left', { endsAt: '2026-06-01T11:59:00Z' }, '2026-06-01T11:55:00Z'),
    ];
    expect(removals(facts, '2026-06-01T12:00:00Z')).toEqual([
      'finance usual 2026-06-01T12:05:00.000Z',
    ]);
  });

  test('is over where the rules took the access away and no fact did', () => {
    const facts = [
      fact(
        'joined',
        { startDate: '2026-01-05', attributes: { department: 'other' } },
        '2025-12-01T00:00:00Z',
      ),
    ];
    expect(removals(facts, '2026-06-01T12:00:00Z')).toEqual([
      'finance usual 2026-06-01T12:00:00.000Z',
    ]);
  });

  test('of many facts in one settle time is told from the latest twenty, and never shorter', () => {
    const facts = [
      hired(),
      fact('left', { lastDay: '2026-05-31' }, '2026-06-01T11:46:00Z'),
      ...Array.from({ length: 40 }, (_, index) =>
        fact(
          'left',
          { lastDay: '2026-05-30' },
          `2026-06-01T11:5${Math.floor(index / 10)}:${String(index % 10).padStart(2, '0')}Z`,
        ),
      ),
    ];
    const [text = ''] = removals(facts, '2026-06-01T12:00:00Z');
    expect(Date.parse(text.split(' ')[2] ?? '')).toBeGreaterThanOrEqual(
      Date.parse('2026-06-01T12:01:00Z'),
    );
    expect(Date.parse(text.split(' ')[2] ?? '')).toBeLessThanOrEqual(
      Date.parse('2026-06-01T12:09:00Z'),
    );
  });
});

describe('for any plan', () => {
  const KEYS = ['finance', 'sales', 'gone'];
  const plans = fc
    .record({
      actions: fc.array(
        fc.constantFrom<Step['action']>('grant', 'revoke', 'extend', 'reprocess', 'wait'),
        { minLength: 1, maxLength: 3 },
      ),
      isBehind: fc.boolean(),
    })
    .map(({ actions, isBehind }) =>
      actions.map((action, index) => {
        const first = actions[0];
        const after =
          isBehind && index > 0 && first === 'revoke' && action === 'grant'
            ? ['revoke:finance']
            : [];
        return step(action, KEYS[index] ?? '', after);
      }),
    );
  const answers = fc.constantFrom<BrakeAnswer>(
    { kind: 'pass' },
    { kind: 'held', brake: 'usual-1' },
    { kind: 'released', brake: 'usual-1', by: 'ann', reason: 'T-1' },
    { kind: 'discarded', brake: 'usual-1', by: 'ann', reason: 'T-1' },
  );
  const situations = fc.record({
    mode: fc.constantFrom(...Mode.options),
    modes: fc.record({
      finance: fc.option(fc.constantFrom<string>(...Mode.options), { nil: undefined }),
      sales: fc.option(fc.constantFrom<string>(...Mode.options), { nil: undefined }),
    }),
    isExcluded: fc.boolean(),
    kinds: fc.array(fc.constantFrom('usual' as const, 'urgent' as const), {
      minLength: 3,
      maxLength: 3,
    }),
    settlesIn: fc.array(fc.constantFrom(0, 1000), { minLength: 3, maxLength: 3 }),
    usual: answers,
    urgent: answers,
    discarded: fc.subarray(KEYS),
  });
  type Drawn = typeof situations extends fc.Arbitrary<infer One> ? One : never;
  const decidedWith = (steps: Step[], drawn: Drawn) => {
    const removals = KEYS.map((packageKey, index) => ({
      ...settled(packageKey),
      kind: drawn.kinds[index] ?? 'usual',
      settledAt: AT + (drawn.settlesIn[index] ?? 0),
    }));
    const modes = Object.fromEntries(
      Object.entries(drawn.modes).filter(([, mode]) => mode !== undefined),
    ) as Record<string, string>;
    const situation = {
      ...{
        at: AT,
        model: modelOf(modes),
        mode: drawn.mode,
        isExcluded: drawn.isExcluded,
        removals,
      },
      discarded: new Set(drawn.discarded.map((key) => `revoke:${key}`)),
      answers: { usual: drawn.usual, urgent: drawn.urgent },
    };
    return { situation, removals, gated: gate(steps, situation) };
  };

  test('each step has exactly one fate, in the order of the plan', () => {
    fc.assert(
      fc.property(plans, situations, (steps, drawn) => {
        const { gated } = decidedWith(steps, drawn);
        const ids = [
          ...[...gated.run, ...gated.would].map(({ id }) => id),
          ...[...gated.waiting, ...gated.stopped].map(({ step: { id } }) => id),
        ];
        expect(ids.sort()).toEqual(steps.map(({ id }) => id).sort());
        const places = gated.run.map((one) => steps.indexOf(one));
        expect(places).toEqual([...places].sort((a, b) => a - b));
      }),
      { numRuns: 10_000 },
    );
  });

  test('nothing is written for the excluded, while paused or in observe, and no removal unsettled, held or discarded', () => {
    fc.assert(
      fc.property(plans, situations, (steps, drawn) => {
        const { gated, removals, situation } = decidedWith(steps, drawn);
        const writes = gated.run.filter(({ action }) => action !== 'wait');
        if (drawn.isExcluded || drawn.mode === 'paused') expect(writes).toEqual([]);
        for (const { packageKey, action, after } of writes) {
          expect(drawn.modes[packageKey as 'finance'] ?? drawn.mode).toBe('enforce');
          for (const id of after) expect(gated.run.map((one) => one.id)).toContain(id);
          if (action !== 'revoke') continue;
          const removal = removals.find((one) => one.packageKey === packageKey);
          expect(removal?.settledAt).toBeLessThanOrEqual(AT);
          expect(['pass', 'released']).toContain(situation.answers[removal?.kind ?? 'usual'].kind);
          expect(drawn.discarded).not.toContain(packageKey);
        }
      }),
      { numRuns: 10_000 },
    );
  });

  test('a permit never widens a plan: only what it names is carried out, and only what is carried out without it', () => {
    const actions = ['grant', 'revoke', 'extend', 'reprocess'] as const;
    const permits = fc.subarray(
      KEYS.flatMap((packageKey) => actions.map((action) => ({ packageKey, action }))),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(plans, situations, permits, (steps, drawn, pairs) => {
        const { gated, situation } = decidedWith(steps, drawn);
        const permitted = gate(steps, { ...situation, permit: { run: 'run-1', pairs } });
        const isNamed = ({ packageKey, action }: Step): boolean =>
          pairs.some(
            (pair) =>
              pair.packageKey === packageKey && (action === 'wait' || pair.action === action),
          );
        for (const one of permitted.run) {
          expect(isNamed(one)).toBe(true);
          expect(gated.run).toContain(one);
        }
        const forbidden = permitted.stopped.filter(({ reason }) => reason === 'not-permitted');
        expect(forbidden.map((one) => one.step)).toEqual(steps.filter((one) => !isNamed(one)));
      }),
      { numRuns: 10_000 },
    );
  });

  test('observe records exactly what enforce carries out', () => {
    fc.assert(
      fc.property(plans, (steps) => {
        const options = { removals: KEYS.map(settled) };
        const enforced = gated(steps, options).run;
        const observed = gated(steps, { ...options, mode: 'observe' });
        expect([...observed.would, ...observed.run].sort()).toEqual([...enforced].sort());
        expect(observed.run.every((id) => id.startsWith('wait:'))).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});
