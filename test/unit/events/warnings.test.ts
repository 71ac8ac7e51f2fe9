import type { AccessModel } from '../../../shared/domain/access-model/access-model';
import { inspectEvent } from '../../../shared/domain/events/inspect-event';
import { warningsOf } from '../../../shared/events/warnings';
import { joinerEvent, SOURCE } from '../../support/events';
import { aRule, parsedModel } from '../access-model/make-model';

/** Indented, so that each member has a line of its own. */
const textOf = (event: object): string => JSON.stringify(event, null, 2);

/** The number of the first line that has the text. */
const lineWith = (text: string, part: string): number =>
  text.split('\n').findIndex((line) => line.includes(part)) + 1;

function check(
  event: object,
  { model, matchAttribute = 'employeeId' }: { model?: AccessModel; matchAttribute?: string } = {},
) {
  const inspection = inspectEvent(Buffer.from(textOf(event)), { sources: [SOURCE] });
  return warningsOf(inspection, { model, matchAttribute });
}

const withAttributes = (attributes: object, data: object = {}) =>
  joinerEvent('W-1', { data: { ...data, attributes } });

const berlin = { location: 'Berlin' };
const finance = { department: 'Finance', ...berlin };

test('an event that does what its sender means has no warning', () => {
  expect(check(joinerEvent('W-1'), { model: parsedModel() })).toEqual([]);
});

describe('no rule of the model matches', () => {
  const strict = parsedModel({
    birthrights: [
      aRule(
        'strict',
        {
          all: [
            { attribute: 'department', in: ['Finance', 'Audit'] },
            { attribute: 'workerType', equals: 'employee' },
            { not: { attribute: 'jobCode', equals: 'TEMP' } },
          ],
        },
        ['finance'],
      ),
    ],
  });

  test.each([
    [
      'has another value',
      { department: 'CANARY', workerType: 'employee' },
      { field: 'department', why: 'department must be "Finance" or "Audit"' },
    ],
    [
      'is absent',
      { department: 'Audit' },
      { field: 'workerType', why: 'workerType is absent; it must be "employee"' },
    ],
    [
      'is spelt otherwise',
      { department: 'finance ', workerType: 'employee' },
      {
        field: 'department',
        why: 'department differs from "Finance" only by case, spaces or Unicode form',
      },
    ],
    [
      'has its name spelt otherwise',
      { Department: 'CANARY', workerType: 'employee' },
      {
        field: 'department',
        why: 'the name department is written with other case, spaces or Unicode form',
      },
    ],
    [
      'has a value that the rule excludes',
      { department: 'Finance', workerType: 'employee', jobCode: 'TEMP' },
      { field: 'jobCode', why: 'jobCode must not be "TEMP"' },
    ],
  ])(
    'because an attribute %s: it is named, with what the model says',
    (_, attributes, { field, why }) => {
      const event = withAttributes({ ...attributes, ...berlin });
      const text = textOf(event);
      const own = lineWith(text, `"${field}":`);
      expect(check(event, { model: strict })).toEqual([
        {
          code: 'no-matching-rule',
          field: `data.attributes.${field}`,
          // An absent member would stand in what is around it.
          line: own === 0 ? lineWith(text, '"attributes":') : own,
          text: `no rule of the access model matches; the nearest is "strict": ${why}`,
        },
      ]);
    },
  );

  test('several reasons are one warning, at the first of them', () => {
    const [found, ...more] = check(withAttributes({ department: 'Sales', ...berlin }), {
      model: strict,
    });
    expect(more).toEqual([]);
    expect(found?.field).toBe('data.attributes.department');
    expect(found?.text).toMatch(/"Finance" or "Audit"; workerType is absent; it must be/);
  });
});

describe('the time zone of the start date', () => {
  const model = parsedModel();
  const DEFAULT = "so its days are taken in UTC, the access model's default";

  test('is the default if the event has neither a zone nor a location', () => {
    const event = withAttributes({ department: 'Finance' }, { timeZone: undefined });
    expect(check(event, { model })).toEqual([
      {
        code: 'default-time-zone',
        field: 'data.timeZone',
        line: lineWith(textOf(event), '"data":'),
        text: `neither timeZone nor location, ${DEFAULT}`,
      },
    ]);
  });

  test('is the default if the model has no zone for the location, which is then the field', () => {
    const event = withAttributes({ ...finance, location: 'CANARY' }, { timeZone: undefined });
    expect(check(event, { model })).toEqual([
      {
        code: 'default-time-zone',
        field: 'data.attributes.location',
        line: lineWith(textOf(event), '"location":'),
        text: `no timeZone, and a location without one, ${DEFAULT}`,
      },
    ]);
  });

  test.each([
    ['its location has one', withAttributes(finance, { timeZone: undefined })],
    ['the event names one', withAttributes({ ...finance, location: 'Atlantis' })],
  ])('needs no warning if %s', (_, event) => {
    expect(check(event, { model })).toEqual([]);
  });
});

test('without a model only what the contract says is checked, and the worker id against the match attribute', () => {
  const event = joinerEvent('9'.repeat(17), {
    envelope: { Subject: 'CANARY' },
    data: { timeZone: undefined, attributes: {} },
  });
  const text = textOf(event);
  const dropped = {
    code: 'unknown-member',
    field: 'Subject',
    line: lineWith(text, '"Subject":'),
    text: 'not a member of the contract, so it is dropped; subject may be meant',
  };
  expect(check(event)).toMatchObject([
    dropped,
    { code: 'worker-id-too-long', field: 'data.workerId', line: lineWith(text, '"workerId":') },
  ]);
  expect(check(event, { matchAttribute: 'postalCode' })).toEqual([dropped]);
});

test('of an event that is refused, what would be dropped is said and nothing of the model', () => {
  const event = joinerEvent('W-1', {
    data: { startDate: '2026-02-30', shoeSize: 'CANARY', attributes: {} },
  });
  expect(check(event, { model: parsedModel() })).toEqual([
    {
      code: 'unknown-member',
      field: 'data.shoeSize',
      line: lineWith(textOf(event), '"shoeSize":'),
      text: 'not a member of the contract, so it is dropped',
    },
  ]);
});
