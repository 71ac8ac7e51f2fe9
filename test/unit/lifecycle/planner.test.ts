import { AccessModel } from '../../../shared/domain/access-model/access-model';
import { LifecycleEvent } from '../../../shared/domain/events/lifecycle-event';
import { factOf } from '../../../shared/domain/lifecycle/fact-of';
import type { Held } from '../../../shared/domain/lifecycle/held';
import { planFor } from '../../../shared/domain/lifecycle/planner';
import { timelineOf } from '../../../shared/domain/lifecycle/timeline';

const policy = (expiration: unknown) => ({
  displayName: 'Birthright',
  description: 'While the worker stays.',
  expiration,
  approval: { required: false },
});
const FOREVER = policy({ type: 'noExpiration' });

type PackageOptions = Record<string, unknown>;
const accessPackage = (key: string, options: PackageOptions = {}) => ({
  key,
  catalog: 'departments',
  displayName: key,
  description: key,
  resources: [
    { originSystem: 'AadGroup', originId: '10000000-0000-4000-8000-000000000001', role: 'Member' },
  ],
  policy: FOREVER,
  ...options,
});

/** The rules give the package named like the department, `badge` to everybody, and `audit` for the role auditor. */
function model(packages: Record<string, PackageOptions> = {}, options: PackageOptions = {}) {
  const keys = ['badge', 'finance', 'sales', 'audit'];
  const rule = (id: string, when: unknown) => ({ id, description: id, when, packages: [id] });
  return AccessModel.parse({
    version: 1,
    leadDays: 0,
    timeZones: { default: 'Etc/UTC', byLocation: { Sydney: 'Australia/Sydney' } },
    catalogs: [{ key: 'departments', displayName: 'Departments', description: 'All.' }],
    accessPackages: keys.map((key) => accessPackage(key, packages[key])),
    birthrights: [
      rule('badge', { attribute: 'kind', equals: 'staff' }),
      rule('finance', { attribute: 'department', equals: 'finance' }),
      rule('sales', { attribute: 'department', equals: 'sales' }),
      rule('audit', { attribute: 'role', equals: 'auditor' }),
    ],
    ...options,
  });
}

let clock = 0;
/** An event stated after the ones before it. */
function event(
  type: string,
  data: Record<string, unknown>,
  envelope: Record<string, unknown> = {},
) {
  clock += 1;
  return {
    specversion: '1.0',
    type: `hr.worker.${type}.v1`,
    source: 'urn:hr',
    id: `e${clock}`,
    time: new Date(Date.parse('2026-01-01T00:00:00Z') + clock * 1000).toISOString(),
    data: { workerId: 'W1', ...data },
    ...envelope,
  };
}
const FINANCE = { department: 'finance' };
const SALES = { department: 'sales' };
const joined = (startDate: string, attributes: unknown = FINANCE, more: object = {}) =>
  event('joined', { startDate, attributes, ...more });
const moved = (effectiveDate: string, attributes: unknown = SALES, more: object = {}) =>
  event('moved', { effectiveDate, attributes, ...more });
const left = (lastDay: string) => event('left', { lastDay });
const revising = ({ source, id }: { source: string; id: string }) => ({ revises: { source, id } });

type Given = { held?: (Omit<Held, 'until'> & { until?: string })[]; model?: AccessModel };
/** The plan as `joinery plan` shows it, in short. */
function plan(events: ReturnType<typeof event>[], at: string, given: Given = {}) {
  const rules = given.model ?? model();
  const facts = events.map((one) => factOf(LifecycleEvent.parse(one)));
  const held = (given.held ?? []).map((one) => ({
    ...one,
    until: one.until === undefined ? undefined : Date.parse(one.until),
  }));
  const timeline = timelineOf(facts, rules);
  const result = planFor({ timeline, held, model: rules, at: Date.parse(at) });
  const iso = (instant: number | undefined) =>
    instant === undefined ? undefined : new Date(instant).toISOString().replace(':00.000Z', 'Z');
  return {
    wants: result.wants.map(({ packageKey }) => packageKey),
    steps: result.steps.map(({ id, until, after }) =>
      [id, ...(until === undefined ? [] : [`until ${iso(until) ?? ''}`]), ...after].join(' '),
    ),
    stopped: result.stopped.map(({ packageKey, reason }) => `${packageKey}: ${reason}`),
    handOff: result.handOff,
    next: iso(result.next) ?? null,
    fates: events.map(({ id }) => {
      const [fate] = [...timeline.fates].filter(([fact]) => fact.id === id).map(([, one]) => one);
      return fate;
    }),
  };
}
const ours = (packageKey: string, more: object = {}) =>
  ({ packageKey, whose: 'ours', state: 'held', ...more }) as const;
const theirs = (packageKey: string, more: object = {}) => ({
  ...ours(packageKey, more),
  whose: 'theirs' as const,
});

describe('A joiner', () => {
  it('waits for the start, less the lead days', () => {
    const early = model({}, { leadDays: 14 });
    const events = [joined('2026-03-15')];
    expect(plan(events, '2026-02-28T23:59:59Z', { model: early })).toMatchObject({
      steps: [],
      next: '2026-03-01T00:00Z',
    });
    expect(plan(events, '2026-03-01T00:00:00Z', { model: early })).toMatchObject({
      wants: ['finance'],
      steps: ['grant:finance'],
      next: null,
    });
  });

  it('starts at the first instant of the day in the zone of the location', () => {
    const events = [joined('2026-03-15', { department: 'finance', location: 'Sydney' })];
    expect(plan(events, '2026-03-01T00:00:00Z').next).toBe('2026-03-14T13:00Z');
  });

  it('with an end has that end as the schedule of the grant, and nothing to revoke after it', () => {
    const events = [joined('2026-03-01', FINANCE, { endDate: '2026-06-30' })];
    expect(plan(events, '2026-03-01T00:00:00Z')).toMatchObject({
      steps: ['grant:finance until 2026-07-01T00:00Z'],
      next: '2026-07-01T00:00Z',
    });
    const held = [ours('finance', { until: '2026-07-01T00:00:00Z' })];
    expect(plan(events, '2026-07-01T00:00:00Z', { held })).toMatchObject({ steps: [], next: null });
  });

  it('with an end after the last instant of the year 9999 has none, as HR systems mean it', () => {
    const hire = joined('2026-03-01', FINANCE, { endDate: '9999-12-31' });
    const at = '2026-03-01T00:00:00Z';
    const endless = { wants: ['finance'], next: null };
    expect(plan([hire], at)).toMatchObject({ ...endless, steps: ['grant:finance'] });
    const held = [ours('finance', { until: '2026-07-01T00:00:00Z' })];
    expect(plan([hire], at, { held }).steps).toEqual(['extend:finance']);
    const spans = [
      { employmentId: 'primary', from: '2026-03-01', until: '9999-12-31', attributes: FINANCE },
    ];
    const snapshot = event('snapshot', { spans });
    expect(plan([snapshot], at)).toMatchObject({ ...endless, steps: ['grant:finance'] });
    const last = [hire, left('9999-12-31')];
    expect(plan(last, at)).toMatchObject({ ...endless, steps: ['grant:finance'] });
    // One day later does not exist, one earlier does.
    const before = joined('2026-03-01', FINANCE, { endDate: '9999-12-30' });
    expect(plan([before], at).next).toBe('9999-12-31T00:00Z');
    // An end that is stated later counts, and so does one that takes it back.
    const postponed = [joined('2026-03-01'), left('2026-05-31'), left('9999-12-31')];
    expect(plan(postponed, at)).toMatchObject({ ...endless, steps: ['grant:finance'] });
    const leaver = [hire, left('2026-05-31')];
    expect(plan(leaver, at)).toMatchObject({ steps: ['grant:finance'], next: '2026-06-01T00:00Z' });
  });
});

describe('A mover', () => {
  const events = [joined('2026-01-01'), moved('2026-04-01')];
  const held = [ours('finance')];

  it('keeps the old package until the day, then gets the new one', () => {
    expect(plan(events, '2026-03-01T00:00:00Z', { held })).toMatchObject({
      wants: ['finance'],
      steps: [],
      next: '2026-04-01T00:00Z',
    });
    expect(plan(events, '2026-04-01T00:00:00Z', { held }).steps).toEqual([
      'revoke:finance',
      'grant:sales',
    ]);
  });

  it('keeps the old package for its overlap, but never past the end of the employment', () => {
    const overlapping = model({ finance: { overlapDays: 10 } });
    expect(plan(events, '2026-04-01T00:00:00Z', { held, model: overlapping })).toMatchObject({
      wants: ['finance', 'sales'],
      steps: ['grant:sales'],
      next: '2026-04-11T00:00Z',
    });
    const leaving = [...events, left('2026-04-05')];
    expect(plan(leaving, '2026-04-01T00:00:00Z', { held, model: overlapping }).next).toBe(
      '2026-04-06T00:00Z',
    );
  });

  it('has no overlap beside an incompatible package: the old one is revoked first', () => {
    const apart = model({ finance: { overlapDays: 10, incompatibleWith: ['sales'] } });
    expect(plan(events, '2026-04-01T00:00:00Z', { held, model: apart })).toMatchObject({
      wants: ['sales'],
      steps: ['revoke:finance', 'grant:sales revoke:finance'],
    });
  });

  it('gets nothing beside an incompatible package that is not ours, or is open', () => {
    const apart = model({ finance: { incompatibleWith: ['sales'] } });
    const at = '2026-04-01T00:00:00Z';
    expect(plan(events, at, { held: [theirs('finance')], model: apart })).toMatchObject({
      steps: [],
      stopped: ['sales: sod-partner-not-ours'],
      handOff: ['finance'],
    });
    const open = [ours('finance', { state: 'adding' })];
    expect(plan(events, at, { held: open, model: apart })).toMatchObject({
      steps: ['wait:finance'],
      stopped: ['sales: sod-partner-open'],
    });
  });

  it('never heard of before begins an employment, without lead days', () => {
    const early = model({}, { leadDays: 14 });
    expect(plan([moved('2026-04-01')], '2026-03-25T00:00:00Z', { model: early })).toMatchObject({
      wants: [],
      next: '2026-04-01T00:00Z',
      fates: ['current'],
    });
  });

  it('has no overlap when the employment had ended the day before', () => {
    const overlapping = model({ finance: { overlapDays: 10 } });
    const again = [joined('2026-01-01', FINANCE, { endDate: '2026-03-31' }), moved('2026-04-01')];
    expect(plan(again, '2026-02-01T00:00:00Z', { model: overlapping })).toMatchObject({
      steps: ['grant:finance until 2026-04-01T00:00Z'],
      next: '2026-04-01T00:00Z',
    });
    expect(plan(again, '2026-04-01T00:00:00Z', { model: overlapping }).wants).toEqual(['sales']);
  });

  it('whose earlier move is stated after a later one keeps its end and its overlap', () => {
    const overlapping = model({ finance: { overlapDays: 10 } });
    const backwards = [
      moved('2026-04-01'),
      moved('2026-01-01', FINANCE, { endDate: '2026-06-30' }),
    ];
    expect(plan(backwards, '2026-04-01T00:00:00Z', { model: overlapping })).toMatchObject({
      wants: ['finance', 'sales'],
      fates: ['current', 'current'],
    });
    expect(plan(backwards, '2026-07-01T00:00:00Z').wants).toEqual([]);
  });

  it('of whom an end is heard before the move still ends on that day', () => {
    const leaving = [left('2026-06-30'), moved('2026-04-01')];
    expect(plan(leaving, '2026-06-30T23:59:59Z')).toMatchObject({
      wants: ['sales'],
      next: '2026-07-01T00:00Z',
      fates: ['current', 'current'],
    });
  });

  it('whose contract is shortened before the move does not come back with it', () => {
    const hire = joined('2026-01-01', FINANCE, { endDate: '2026-12-31' });
    const planned = moved('2026-04-01');
    const shortened = event('corrected', {
      ...revising(hire),
      startDate: '2026-01-01',
      endDate: '2026-02-28',
      attributes: FINANCE,
    });
    expect(plan([hire, planned, shortened], '2026-04-01T00:00:00Z')).toMatchObject({
      wants: [],
      fates: ['corrected', 'superseded', 'current'],
    });
  });

  it('who put off leaving until after the move still moves', () => {
    const staying = [...events, left('2026-02-28'), left('2026-05-31')];
    expect(plan(staying, '2026-04-01T00:00:00Z', { held })).toMatchObject({
      wants: ['sales'],
      fates: ['current', 'current', 'superseded', 'current'],
    });
  });

  it('stated at the same time as an end before it begins again, whatever the ids are', () => {
    const time = '2026-01-02T00:00:00Z';
    for (const ids of [
      ['a', 'b', 'c'],
      ['c', 'a', 'b'],
      ['b', 'c', 'a'],
    ]) {
      const batch = [joined('2026-01-01'), left('2026-02-28'), moved('2026-04-01')];
      const renamed = batch.map((one, i) => ({ ...one, time, id: ids[i] ?? '' }));
      expect(plan(renamed, '2026-04-01T00:00:00Z').wants).toEqual(['sales']);
      expect(plan(renamed, '2026-03-15T00:00:00Z').wants).toEqual([]);
    }
  });

  it('who leaves before the move that was planned does not come back with it', () => {
    const leaving = [...events, left('2026-02-28')];
    expect(plan(leaving, '2026-04-01T00:00:00Z', { held })).toMatchObject({
      wants: [],
      steps: ['revoke:finance'],
      fates: ['current', 'superseded', 'current'],
    });
  });
});

describe('A leaver', () => {
  it('loses what is ours at the end of the last day, and the rest is handed off', () => {
    const events = [joined('2026-01-01', { kind: 'staff', ...FINANCE }), left('2026-03-31')];
    const held = [ours('finance'), theirs('badge'), theirs('unknown')];
    expect(plan(events, '2026-03-31T23:59:59Z', { held })).toMatchObject({
      steps: [],
      handOff: ['unknown'],
      next: '2026-04-01T00:00Z',
    });
    expect(plan(events, '2026-04-01T00:00:00Z', { held })).toMatchObject({
      steps: ['revoke:finance'],
      handOff: ['badge', 'unknown'],
      next: null,
    });
  });

  it('with an instant loses access at that instant', () => {
    const events = [joined('2026-01-01'), event('left', { endsAt: '2026-03-31T15:00:00+02:00' })];
    expect(plan(events, '2026-03-31T13:00:00Z', { held: [ours('finance')] }).steps).toEqual([
      'revoke:finance',
    ]);
  });

  it('whose last day is stated again leaves on the day stated last', () => {
    const events = [joined('2026-01-01'), left('2026-03-31'), left('2026-04-30')];
    expect(plan(events, '2026-04-15T00:00:00Z', { held: [ours('finance')] })).toMatchObject({
      steps: [],
      next: '2026-05-01T00:00Z',
      fates: ['current', 'superseded', 'current'],
    });
  });

  it('nobody spoke of is ignored, and nothing is taken', () => {
    expect(
      plan([left('2026-03-31')], '2026-04-02T00:00:00Z', { held: [ours('finance')] }),
    ).toMatchObject({
      steps: [],
      handOff: [],
      stopped: ['finance: no-facts'],
      fates: ['ignored'],
    });
  });

  it('who comes back within the bridge keeps what both employments give, and no more', () => {
    const bridged = model({}, { bridgeDays: 3 });
    const first = { kind: 'staff', ...FINANCE };
    const again = { kind: 'staff', ...SALES };
    const events = [joined('2026-01-01', first), left('2026-03-31'), joined('2026-04-04', again)];
    const held = [ours('badge'), ours('finance')];
    expect(plan(events, '2026-04-01T00:00:00Z', { held, model: bridged })).toMatchObject({
      wants: ['badge'],
      steps: ['revoke:finance'],
      next: '2026-04-04T00:00Z',
    });
    const apart = [joined('2026-01-01', first), left('2026-03-31'), joined('2026-04-05', again)];
    expect(plan(apart, '2026-04-01T00:00:00Z', { held, model: bridged }).wants).toEqual([]);
  });

  it('who comes back twice within the bridge keeps what either of them gives', () => {
    const bridged = model({}, { bridgeDays: 5 });
    const events = [
      joined('2026-01-01'),
      left('2026-03-31'),
      joined('2026-04-02', SALES, { employmentId: 'second' }),
      joined('2026-04-04'),
    ];
    expect(
      plan(events, '2026-04-01T00:00:00Z', { held: [ours('finance')], model: bridged }),
    ).toMatchObject({ wants: ['finance'], steps: [], next: '2026-04-02T00:00Z' });
  });

  it('under another number keeps access across the gap', () => {
    const bridged = model({}, { bridgeDays: 2 });
    const events = [
      joined('2026-01-01'),
      left('2026-03-31'),
      joined('2026-04-03', FINANCE, { workerId: 'W2', previousWorkerId: 'W1' }),
    ];
    expect(
      plan(events, '2026-04-02T00:00:00Z', { held: [ours('finance')], model: bridged }),
    ).toMatchObject({
      wants: ['finance'],
      steps: [],
    });
  });

  it('with an instant is never bridged', () => {
    const bridged = model({}, { bridgeDays: 5 });
    const events = [
      joined('2026-01-01'),
      event('left', { endsAt: '2026-03-31T15:00:00Z' }),
      joined('2026-04-01'),
    ];
    const held = [ours('finance')];
    expect(plan(events, '2026-03-31T16:00:00Z', { held, model: bridged }).steps).toEqual([
      'revoke:finance',
    ]);
  });
});

describe('A rescission or correction', () => {
  it('of a hire before it begins leaves nothing wanted', () => {
    const hire = joined('2026-03-01');
    const events = [hire, event('rescinded', revising(hire))];
    expect(plan(events, '2026-03-02T00:00:00Z', { held: [ours('finance')] })).toMatchObject({
      wants: [],
      steps: ['revoke:finance'],
      fates: ['rescinded', 'current'],
    });
  });

  it('by employment and start date never reaches a hire that was stated later', () => {
    const events = [
      joined('2026-03-01'),
      event('rescinded', { startDate: '2026-03-01' }),
      joined('2026-03-01', SALES),
    ];
    expect(plan(events, '2026-03-02T00:00:00Z')).toMatchObject({
      wants: ['sales'],
      fates: ['rescinded', 'current', 'current'],
    });
  });

  it('moves the start date, as often as it comes, and the last one holds', () => {
    const hire = joined('2026-03-01');
    const later = event('corrected', {
      ...revising(hire),
      startDate: '2026-03-08',
      attributes: FINANCE,
    });
    const earlier = event('corrected', {
      ...revising(hire),
      startDate: '2026-02-20',
      attributes: FINANCE,
    });
    expect(plan([hire, later, earlier], '2026-02-01T00:00:00Z')).toMatchObject({
      next: '2026-02-20T00:00Z',
      fates: ['corrected', 'superseded', 'current'],
    });
  });

  it('of something that nobody stated reaches nothing', () => {
    const events = [
      joined('2026-03-01'),
      event('rescinded', { revises: { source: 'urn:hr', id: 'x' } }),
    ];
    expect(plan(events, '2026-03-02T00:00:00Z')).toMatchObject({
      wants: ['finance'],
      fates: ['current', 'ignored'],
    });
  });

  it('of a correction brings back what was corrected', () => {
    const hire = joined('2026-03-01');
    const wrong = event('corrected', {
      ...revising(hire),
      startDate: '2026-03-01',
      attributes: SALES,
    });
    const events = [hire, wrong, event('rescinded', revising(wrong))];
    expect(plan(events, '2026-03-02T00:00:00Z')).toMatchObject({
      wants: ['finance'],
      fates: ['current', 'rescinded', 'current'],
    });
  });

  it('reaches a fact that was stated at the same time, because that is not later', () => {
    const time = '2026-01-02T00:00:00Z';
    for (const id of ['a', 'b', 'c', 'd']) {
      const hire = { ...joined('2026-03-01'), time };
      const byEvent = { ...event('rescinded', revising(hire)), id, time };
      const byDate = { ...event('rescinded', { startDate: '2026-03-01' }), id, time };
      for (const rescission of [byEvent, byDate]) {
        expect(plan([hire, rescission], '2026-03-02T00:00:00Z')).toMatchObject({
          wants: [],
          fates: ['rescinded', 'current'],
        });
      }
    }
  });

  it('uses the sequence where both have one, whatever the times say', () => {
    const hire = joined('2026-03-01', FINANCE, { sequence: 5 });
    const old = event('rescinded', { ...revising(hire), sequence: 4 });
    expect(plan([hire, old], '2026-03-02T00:00:00Z')).toMatchObject({
      wants: ['finance'],
      fates: ['current', 'ignored'],
    });
  });
});

describe('A snapshot', () => {
  const spans = [
    { employmentId: 'primary', from: '2026-01-01', until: '2026-03-31', attributes: FINANCE },
    { employmentId: 'primary', from: '2026-04-01', attributes: SALES },
  ];
  it('replaces what its source stated before, and nothing of another source', () => {
    const other = event(
      'joined',
      { startDate: '2026-01-01', employmentId: 'second', attributes: { role: 'auditor' } },
      { source: 'urn:other' },
    );
    const events = [joined('2026-01-01', { kind: 'staff' }), other, event('snapshot', { spans })];
    expect(plan(events, '2026-02-01T00:00:00Z')).toMatchObject({
      wants: ['finance', 'audit'],
      fates: ['superseded', 'current', 'current'],
    });
    expect(plan(events, '2026-04-01T00:00:00Z').wants).toEqual(['sales', 'audit']);
  });
});

it('A snapshot without spans ends what its source stated before, and is current', () => {
  const events = [joined('2026-01-01'), event('snapshot', { spans: [] })];
  expect(plan(events, '2026-02-01T00:00:00Z', { held: [ours('finance')] })).toMatchObject({
    wants: [],
    steps: ['revoke:finance'],
    fates: ['superseded', 'current'],
  });
});

describe('What is held', () => {
  const contractor = (endDate: string) => joined('2026-01-01', FINANCE, { endDate });

  it('and ends too early is extended, or the end is taken off', () => {
    const hire = contractor('2026-03-31');
    const correct = (more: object) =>
      event('corrected', {
        ...revising(hire),
        startDate: '2026-01-01',
        attributes: FINANCE,
        ...more,
      });
    const held = [ours('finance', { until: '2026-04-01T00:00:00Z' })];
    const at = '2026-03-31T12:00:00Z';
    expect(plan([hire, correct({ endDate: '2026-06-30' })], at, { held }).steps).toEqual([
      'extend:finance until 2026-07-01T00:00Z',
    ]);
    expect(plan([hire, correct({})], at, { held }).steps).toEqual(['extend:finance']);
    expect(
      plan([hire, correct({ endDate: '2026-02-28' })], '2026-02-01T00:00:00Z', { held }).steps,
    ).toEqual([]);
  });

  it('and ends by its policy is granted again only where the package says renew', () => {
    const until = '2026-04-01T00:00:00Z';
    const days = policy({ type: 'afterDuration', duration: 'P90D' });
    const held = [ours('finance', { until })];
    const once = model({ finance: { policy: days } });
    expect(
      plan([joined('2026-01-01')], '2026-02-01T00:00:00Z', { held, model: once }),
    ).toMatchObject({
      steps: [],
      next: '2026-04-01T00:00Z',
    });
    expect(plan([joined('2026-01-01')], until, { held, model: once }).steps).toEqual([]);
    const again = model({ finance: { policy: days, renew: true } });
    expect(plan([joined('2026-01-01')], until, { held, model: again }).steps).toEqual([
      'grant:finance',
    ]);
  });

  it('and ended by its policy before it was wanted again is granted', () => {
    const days = policy({ type: 'afterDuration', duration: 'P90D' });
    const held = [ours('finance', { until: '2026-03-01T00:00:00Z' })];
    const again = [joined('2026-03-08')];
    expect(
      plan(again, '2026-03-08T00:00:00Z', { held, model: model({ finance: { policy: days } }) })
        .steps,
    ).toEqual(['grant:finance']);
  });

  it('and ends by the endDate of a zone that the person moved to is extended', () => {
    const days = policy({ type: 'afterDuration', duration: 'P365D' });
    const hire = joined('2026-01-01', FINANCE, { endDate: '2026-03-31' });
    const away = moved('2026-02-01', { ...FINANCE, location: 'Sydney' });
    const longer = event('corrected', {
      ...revising(hire),
      startDate: '2026-01-01',
      endDate: '2026-06-30',
      attributes: FINANCE,
    });
    const rules = model({ finance: { policy: days } });
    const until = '2026-03-31T13:00:00Z';
    const at = '2026-03-01T00:00:00Z';
    expect(plan([hire, away], at, { model: rules }).steps).toEqual([
      'grant:finance until 2026-03-31T13:00Z',
    ]);
    expect(
      plan([hire, away, longer], at, { model: rules, held: [ours('finance', { until })] }).steps,
    ).toEqual(['extend:finance until 2026-06-30T14:00Z']);
  });

  it('may be extended from the first instant at which its policy lets it last longer', () => {
    const days = policy({ type: 'afterDuration', duration: 'P30D' });
    const hire = joined('2026-01-01', FINANCE, { endDate: '2026-03-31' });
    const longer = event('corrected', {
      ...revising(hire),
      startDate: '2026-01-01',
      endDate: '2026-06-30',
      attributes: FINANCE,
    });
    const given = {
      held: [ours('finance', { until: '2026-04-01T00:00:00Z' })],
      model: model({ finance: { policy: days } }),
    };
    expect(plan([hire, longer], '2026-02-01T00:00:00Z', given)).toMatchObject({
      steps: [],
      next: '2026-03-02T00:00:00.001Z',
    });
    expect(plan([hire, longer], '2026-03-02T00:00:00.001Z', given).steps).toHaveLength(1);
  });

  it('twice counts as not ours, in whatever order it is listed', () => {
    const held = [ours('finance'), theirs('finance')];
    for (const listed of [held, held.reverse()]) {
      expect(
        plan([joined('2026-01-01', SALES)], '2026-02-01T00:00:00Z', { held: listed }),
      ).toMatchObject({
        steps: ['grant:sales'],
        handOff: ['finance'],
      });
    }
  });

  it('by somebody else and ends too early is waited for, then granted', () => {
    const held = [theirs('finance', { until: '2026-04-01T00:00:00Z' })];
    expect(plan([joined('2026-01-01')], '2026-02-01T00:00:00Z', { held })).toMatchObject({
      steps: [],
      next: '2026-04-01T00:00Z',
    });
    expect(plan([joined('2026-01-01')], '2026-04-01T00:00:00Z', { held }).steps).toEqual([
      'grant:finance',
    ]);
  });

  it.each([
    ['adding', 'wait:finance', 'wait:finance'],
    ['removing', 'wait:finance', 'wait:finance'],
    ['broken', 'reprocess:finance', 'revoke:finance'],
  ] as const)('and is %s: wanted %s, not wanted %s', (state, wanted, unwanted) => {
    const held = [ours('finance', { state })];
    const events = [joined('2026-01-01'), left('2026-03-31')];
    expect(plan(events, '2026-02-01T00:00:00Z', { held }).steps).toEqual([wanted]);
    expect(plan(events, '2026-04-01T00:00:00Z', { held }).steps).toEqual([unwanted]);
  });

  it('by somebody else and is broken stops the grant', () => {
    const held = [theirs('finance', { state: 'broken' })];
    expect(plan([joined('2026-01-01')], '2026-02-01T00:00:00Z', { held }).stopped).toEqual([
      'finance: broken-not-ours',
    ]);
  });
});

describe('Two employments', () => {
  it('give the union, and the one that lasts keeps it', () => {
    const second = joined('2026-01-01', FINANCE, { employmentId: 'second', endDate: '2026-06-30' });
    const events = [joined('2026-01-01'), left('2026-03-31'), second];
    expect(plan(events, '2026-04-01T00:00:00Z', { held: [ours('finance')] })).toMatchObject({
      wants: ['finance'],
      steps: [],
    });
  });

  it('that want an incompatible pair: what we gave stays, else the first of the model', () => {
    const apart = model({ finance: { incompatibleWith: ['sales'] } });
    const events = [joined('2026-01-01'), joined('2026-01-01', SALES, { employmentId: 'second' })];
    const at = '2026-02-01T00:00:00Z';
    expect(plan(events, at, { model: apart })).toMatchObject({
      steps: ['grant:finance'],
      stopped: ['sales: sod-both-wanted'],
    });
    expect(plan(events, at, { model: apart, held: [ours('sales')] })).toMatchObject({
      steps: [],
      stopped: ['finance: sod-both-wanted'],
    });
  });
});
