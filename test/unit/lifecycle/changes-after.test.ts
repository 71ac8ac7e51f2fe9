import type { Fact } from '../../../shared/domain/lifecycle/facts';
import { timelineOf } from '../../../shared/domain/lifecycle/timeline';
import { intervalsOf } from '../../../shared/domain/lifecycle/wants';
import { changesAfter } from '../../../shared/reports/person';
import { aPackage, aRule, parsedModel } from '../access-model/make-model';

const ofDepartment = (key: string) => aRule(key, { attribute: 'department', equals: key }, [key]);
const model = parsedModel({
  leadDays: 0,
  accessPackages: [aPackage('finance', { overlapDays: 10 }), aPackage('sales')],
  birthrights: [ofDepartment('finance'), ofDepartment('sales')],
});

let minute = 0;
function fact(states: Fact['states'], timeZone = 'Europe/Berlin'): Fact {
  minute += 1;
  const time = new Date(Date.parse('2026-01-01T00:00:00Z') + minute * 60_000).toISOString();
  const id = `e-${minute}`;
  return {
    ...{ source: 'urn:hr', id, hash: id, time, timeZone },
    ...{ workerId: 'W-1', employmentId: 'primary', states },
  };
}
const joined = (startDate: string, endDate?: string) =>
  fact({ kind: 'joined', startDate, endDate, attributes: { department: 'finance' } });
const moved = (effectiveDate: string, timeZone?: string) =>
  fact({ kind: 'moved', effectiveDate, attributes: { department: 'sales' } }, timeZone);
const left = (lastDay: string) => fact({ kind: 'left', lastDay });
const intervals = (...facts: Fact[]) => intervalsOf(timelineOf(facts, model), model);
const changes = (at: string, ...facts: Fact[]) =>
  changesAfter(intervals(...facts), model, Date.parse(at));

test('the next changes are told in order, each in the zone of the employment behind it', () => {
  const life = [joined('2026-02-01'), moved('2026-03-01'), left('2026-06-30')];
  expect(changes('2026-01-15T00:00:00Z', ...life)).toMatchObject([
    { local: '2026-02-01T00:00:00', gains: [{ packageKey: 'finance' }], losses: [] },
    { local: '2026-03-01T00:00:00', gains: [{ packageKey: 'sales', ruleId: 'sales' }] },
    { local: '2026-03-11T00:00:00', gains: [], losses: [{ packageKey: 'finance' }] },
    {
      ...{ at: '2026-06-30T22:00:00.000Z', local: '2026-07-01T00:00:00' },
      ...{ timeZone: 'Europe/Berlin', losses: [{ packageKey: 'sales' }] },
    },
  ]);
});

test('a move to another zone happens when the day begins there', () => {
  const life = [joined('2026-02-01'), moved('2026-03-01', 'Pacific/Apia')];
  expect(changes('2026-02-15T00:00:00Z', ...life)[0]).toMatchObject({
    ...{ at: '2026-02-28T11:00:00.000Z', timeZone: 'Pacific/Apia' },
    local: '2026-03-01T00:00:00',
  });
});

test('what is over and what changes nothing is not told', () => {
  const life = [joined('2026-02-01'), joined('2026-03-01')];
  expect(changes('2026-02-01T12:00:00Z', ...life)).toEqual([]);
});

test('of a career of a thousand changes the next fifty are told', () => {
  const spans = Array.from({ length: 200 }, (_, n) => ({
    ...{ employmentId: `E-${n}`, from: `${2100 + n}-01-01`, until: `${2100 + n}-06-30` },
    attributes: { department: 'finance' },
  }));
  expect(changes('2026-01-01T00:00:00Z', fact({ kind: 'snapshot', spans }))).toHaveLength(50);
});

test('what ended the time of a package is known: a move, a last day, or a later hire', () => {
  const endOf = (...facts: Fact[]) =>
    intervals(...facts)
      .filter(({ packageKey, until }) => packageKey === 'finance' && until !== undefined)
      .map(({ reason, endedBy }) => [reason, endedBy?.id]);
  const [join, move, leave] = [joined('2026-02-01'), moved('2026-03-01'), left('2026-06-30')];
  expect(endOf(join, move)).toEqual([
    ['rule', move.id],
    ['overlap', undefined],
  ]);
  expect(endOf(join, leave)).toEqual([['rule', leave.id]]);
  const soon = left('2026-03-03');
  expect(endOf(join, move, soon)).toEqual([
    ['rule', move.id],
    ['overlap', soon.id],
  ]);
  const contractor = joined('2026-02-01', '2026-05-31');
  expect(endOf(contractor)).toEqual([['rule', contractor.id]]);
});
