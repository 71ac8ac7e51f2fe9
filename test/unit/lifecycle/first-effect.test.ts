import { AccessModel } from '../../../shared/domain/access-model/access-model';
import { LifecycleEvent } from '../../../shared/domain/events/lifecycle-event';
import { firstEffectOf } from '../../../shared/domain/lifecycle/ending';
import { factOf } from '../../../shared/domain/lifecycle/fact-of';

const accessPackage = (key: string, more: object = {}) => ({
  ...{ key, catalog: 'all', displayName: key, description: key },
  resources: [
    { originSystem: 'AadGroup', originId: '10000000-0000-4000-8000-000000000001', role: 'Member' },
  ],
  policy: {
    ...{ displayName: 'Birthright', description: 'While the worker stays.' },
    ...{ expiration: { type: 'noExpiration' }, approval: { required: false } },
  },
  ...more,
});
const model = (more: object = {}) =>
  AccessModel.parse({
    ...{ version: 1, leadDays: 0, timeZones: { default: 'Etc/UTC', byLocation: {} } },
    catalogs: [{ key: 'all', displayName: 'All', description: 'All.' }],
    accessPackages: [accessPackage('finance', { overlapDays: 5 }), accessPackage('sales')],
    birthrights: ['finance', 'sales'].map((id) => ({
      ...{ id, description: id, packages: [id] },
      when: { attribute: 'department', equals: id },
    })),
    ...more,
  });

let clock = 0;
function event(type: string, data: object) {
  clock += 1;
  return factOf(
    LifecycleEvent.parse({
      ...{ specversion: '1.0', type: `hr.worker.${type}.v1`, source: 'urn:hr', id: `e${clock}` },
      time: new Date(Date.parse('2026-01-01T00:00:00Z') + clock * 1000).toISOString(),
      data: { workerId: 'W1', ...data },
    }),
  );
}
const FINANCE = { department: 'finance' };
const SALES = { department: 'sales' };
const joined = (startDate: string, more: object = {}) =>
  event('joined', { startDate, attributes: FINANCE, ...more });
const moved = (effectiveDate: string, attributes: object = SALES, more: object = {}) =>
  event('moved', { effectiveDate, attributes, ...more });
const left = (lastDay: string, more: object = {}) => event('left', { lastDay, ...more });
const revises = ({ source, id }: { source: string; id: string }) => ({ revises: { source, id } });

type Facts = ReturnType<typeof event>[];
/** The first effect of the last of the facts. */
function effectOf(facts: Facts, at: string, rules = model()) {
  const [last] = facts.slice(-1);
  const effect = firstEffectOf(facts, last?.hash ?? '', rules, Date.parse(at));
  return effect && `${new Date(effect.at).toISOString().slice(0, 16)}Z ${effect.why}`;
}
const NOW = '2026-02-01T12:00:00Z';

test('a start far ahead takes effect at the first instant of the day, less the lead days', () => {
  expect(effectOf([joined('2026-04-01')], NOW)).toBe('2026-04-01T00:00Z future-start');
  const early = model({ leadDays: 14 });
  expect(effectOf([joined('2026-04-01')], NOW, early)).toBe('2026-03-18T00:00Z future-start');
});

test('what makes a difference already takes effect now, whatever else it changes later', () => {
  expect(effectOf([joined('2026-02-01', { endDate: '2026-03-01' })], NOW)).toBeUndefined();
  expect(effectOf([joined('2026-01-01'), moved('2026-02-01')], NOW)).toBeUndefined();
  expect(effectOf([joined('2026-01-01'), left('2026-01-31')], NOW)).toBeUndefined();
});

test('an end that became later is written at once, and one that became earlier takes effect at that end', () => {
  const hire = joined('2026-01-01', { endDate: '2026-03-31' });
  const to = (endDate: string) =>
    event('corrected', { ...revises(hire), startDate: '2026-01-01', endDate, attributes: FINANCE });
  expect(effectOf([hire, to('2026-05-31')], NOW)).toBeUndefined();
  expect(effectOf([hire, to('2026-02-28')], NOW)).toBe('2026-03-01T00:00Z future-end');
});

test('a last day ahead takes effect at its end in the zone of the worker, also where the contract ends then', () => {
  const of = (timeZone: string) => [
    joined('2026-01-01', { timeZone, endDate: '2026-03-31' }),
    left('2026-03-31'),
  ];
  expect(effectOf(of('Pacific/Apia'), NOW)).toBe('2026-03-31T11:00Z future-end');
  expect(effectOf(of('Australia/Sydney'), NOW)).toBe('2026-03-31T13:00Z future-end');
  expect(effectOf(of('America/Los_Angeles'), NOW)).toBe('2026-04-01T07:00Z future-end');
  const urgent = event('left', { endsAt: '2026-02-03T15:20:00Z' });
  expect(effectOf([joined('2026-01-01'), urgent], NOW)).toBe('2026-02-03T15:20Z future-end');
});

test('a move takes effect on its day, when access begins; one that changes no access has none', () => {
  const hire = joined('2026-01-01');
  expect(effectOf([hire, moved('2026-03-01')], NOW)).toBe('2026-03-01T00:00Z future-start');
  const cut = model({ accessPackages: [accessPackage('finance'), accessPackage('sales')] });
  expect(effectOf([hire, moved('2026-03-01')], NOW, cut)).toBe('2026-03-01T00:00Z future-change');
  expect(effectOf([hire, moved('2026-03-01', FINANCE)], NOW)).toBeUndefined();
  // Whoever has not begun yet has nothing that could be told to be held.
  expect(effectOf([joined('2026-03-01'), moved('2026-04-01', FINANCE)], NOW)).toBe(
    '2026-04-01T00:00Z future-start',
  );
});

test('a date that is moved takes effect where it is now: earlier, later and twice', () => {
  const hire = joined('2026-04-01');
  const to = (startDate: string, of = hire) =>
    event('corrected', { ...revises(of), startDate, attributes: FINANCE });
  expect(effectOf([hire, to('2026-03-01')], NOW)).toBe('2026-03-01T00:00Z future-start');
  const later = to('2026-05-01');
  expect(effectOf([hire, later], NOW)).toBe('2026-05-01T00:00Z future-start');
  const twice = to('2026-06-01');
  expect(effectOf([hire, later, twice], NOW)).toBe('2026-06-01T00:00Z future-start');
  // Also when the date before it has passed.
  expect(effectOf([hire, later, twice], '2026-05-31T23:59:00Z')).toBe(
    '2026-06-01T00:00Z future-start',
  );
  for (const fact of [hire, later])
    expect(effectOf([hire, later, twice].filter((one) => one !== fact).concat(fact), NOW)).toBe(
      undefined,
    );
});

test('a last day or a move that is put off waits for its new date, also once the old one has passed', () => {
  const hire = joined('2026-01-01');
  const end = left('2026-02-20');
  const ends = [left('2026-02-27'), event('corrected', { ...revises(end), lastDay: '2026-02-27' })];
  for (const later of ends)
    for (const at of [NOW, '2026-02-22T12:00:00Z', '2026-02-27T23:59:00Z'])
      expect(effectOf([hire, end, later], at)).toBe('2026-02-28T00:00Z future-end');
  const move = moved('2026-02-20');
  const put = event('corrected', {
    ...{ ...revises(move), effectiveDate: '2026-02-27', attributes: SALES },
  });
  for (const at of [NOW, '2026-02-22T12:00:00Z'])
    expect(effectOf([hire, move, put], at)).toBe('2026-02-27T00:00Z future-start');
  expect(effectOf([hire, move, put], '2026-02-27T00:00:00Z')).toBeUndefined();
});

test('of two equal statements only the one that holds takes effect', () => {
  const [first, second] = [joined('2026-04-01'), joined('2026-04-01')];
  expect(effectOf([second, first], NOW)).toBeUndefined();
  expect(effectOf([first, second], NOW)).toBe('2026-04-01T00:00Z future-start');
});

test('what voids a hire that has not begun has no later effect, and neither has the hire', () => {
  const hire = joined('2026-04-01');
  const rescinded = event('rescinded', revises(hire));
  expect(effectOf([hire, rescinded], NOW)).toBeUndefined();
  expect(effectOf([rescinded, hire], NOW)).toBeUndefined();
  expect(effectOf([hire, left('2026-03-01')], NOW)).toBeUndefined();
});

test('a hire after a gap takes effect when it begins, and one across a bridged gap changes nothing', () => {
  const before = joined('2026-01-01', { endDate: '2026-03-01' });
  const again = joined('2026-03-08');
  expect(effectOf([before, again], NOW)).toBe('2026-03-08T00:00Z future-start');
  const bridged = model({ bridgeDays: 7 });
  expect(effectOf([before, again], NOW, bridged)).toBeUndefined();
});

test('what no rule gives anything has no effect', () => {
  expect(
    effectOf([event('joined', { startDate: '2026-04-01', attributes: {} })], NOW),
  ).toBeUndefined();
});

test.each([
  ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00Z', '2026-03-29T22:00Z', 'the day of 23 hours'],
  ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00Z', '2026-10-25T23:00Z', 'the day of 25 hours'],
  ['Europe/Berlin', '2028-02-29', '2028-02-28T23:00Z', '2028-02-29T23:00Z', 'a leap day'],
  ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00Z', '2026-04-24T21:00Z', 'no midnight'],
  [
    'Pacific/Kiritimati',
    '2026-03-01',
    '2026-02-28T10:00Z',
    '2026-03-01T10:00Z',
    'east of the line',
  ],
  ['Pacific/Pago_Pago', '2026-03-01', '2026-03-01T11:00Z', '2026-03-02T11:00Z', 'west of the line'],
])('a start and an end in %s on %s are at %s and %s: %s', (timeZone, day, begins, ends) => {
  const hire = joined(day, { timeZone, endDate: day });
  expect(effectOf([hire], NOW)).toBe(`${begins} future-start`);
  const started = new Date(Date.parse(begins) + 1).toISOString();
  expect(effectOf([hire, left(day)], started)).toBe(`${ends} future-end`);
});

test('days of lead, overlap and end keep to the local day where the clock is put forward between them', () => {
  const rules = model({ leadDays: 7 });
  const hire = joined('2026-04-01', { timeZone: 'Europe/Berlin' });
  expect(effectOf([hire], NOW, rules)).toBe('2026-03-24T23:00Z future-start');
});
