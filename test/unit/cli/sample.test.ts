import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleEvent } from '../../../cli/sample';
import { inspectEvent } from '../../../shared/domain/events/inspect-event';
import { birthrightsFor } from '../../../shared/domain/lifecycle/plan';
import { readAccessModel } from '../../../shared/domain/access-model/read-access-model';
import { warningsOf } from '../../../shared/events/warnings';

const root = join(__dirname, '../../..');
const model = readAccessModel(readFileSync(join(root, 'access-model.json'), 'utf8'));

const types = ['joined', 'moved', 'left', 'corrected', 'rescinded', 'snapshot'] as const;
const days = ['2026-11-27T10:00:00Z', '2028-02-29T23:59:59Z', '2031-12-31T12:00:00Z'];

test.each(types.flatMap((type) => days.map((now) => [type, now] as const)))(
  'the sample of type %s made on %s has no fault, causes no warning, and its days lie ahead',
  (type, now) => {
    const event = sampleEvent({ worker: 'W-1024', type }, new Date(now));
    const dates = JSON.stringify(event.data).match(/\d{4}-\d{2}-\d{2}/g) ?? [];
    expect(dates.every((date) => date > now.slice(0, 10))).toBe(true);
    const body = Buffer.from(JSON.stringify(event));
    const inspection = inspectEvent(body, { sources: [event.source] });
    expect(inspection.faults).toEqual([]);
    if (model.kind !== 'ok') throw new Error('not a model');
    const rules = { model: model.model, matchAttribute: 'employeeId' };
    expect(warningsOf(inspection, rules)).toEqual([]);
  },
);

test('the sample of a move changes access', () => {
  if (model.kind !== 'ok') throw new Error('not a model');
  const given = (['joined', 'moved'] as const).map((type) => {
    const { data } = sampleEvent({ worker: 'W-1024', type }, new Date('2026-11-27T10:00:00Z'));
    const { attributes } = data as unknown as { attributes: Record<string, string> };
    return birthrightsFor(model.model, attributes).map(({ packageKey }) => packageKey);
  });
  expect(given[0]).toContain('finance');
  expect(given[1]).toContain('engineering');
  expect(given[1]).not.toContain('finance');
});

test.each(['corrected', 'rescinded'] as const)(
  'a %s sample revises the event that is named',
  (type) => {
    const { data } = sampleEvent({ worker: 'W-1024', type, revises: 'first-joiner' }, new Date());
    expect(data).toMatchObject({ revises: { id: 'first-joiner' } });
  },
);

test('the README takes its event from the command and states no date of its own', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  expect(readme).toContain('joinery -- sample');
  expect(readme).not.toMatch(/"(startDate|endDate|time)"/);
});
