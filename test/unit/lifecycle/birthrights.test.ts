import {
  birthrightsFor,
  keepAttributes,
  storedAttributes,
  unstoredAttribute,
  zoneFor,
} from '../../../shared/domain/lifecycle/plan';
import { matches } from '../../../shared/domain/access-model/condition';
import { packageDefinition } from '../../../shared/domain/access-model/access-model';
import { aPackage, aRule, parsedModel } from '../access-model/make-model';

const finance = { attribute: 'department', equals: 'Finance' };

test.each([
  ['equals', finance, true],
  ['another case', { attribute: 'department', equals: 'finance' }, false],
  ['one of several', { attribute: 'department', in: ['Sales', 'Finance'] }, true],
  ['none of several', { attribute: 'department', in: ['Sales'] }, false],
  ['an attribute that is not there', { attribute: 'level', equals: '' }, false],
  ['the lack of an attribute', { not: { attribute: 'level', in: ['1'] } }, true],
  ['a name that every object has', { attribute: 'toString', equals: '' }, false],
  ['all of two', { all: [finance, { attribute: 'level', equals: '1' }] }, false],
  ['any of two', { any: [finance, { attribute: 'level', equals: '1' }] }, true],
])('a condition on %s', (_, condition, expected) => {
  expect(matches(condition, { department: 'Finance' })).toBe(expected);
});

test('a package that several rules give is given once, for the first of them, in model order', () => {
  const model = parsedModel({
    accessPackages: [aPackage('base'), aPackage('extra')],
    birthrights: [
      aRule('sales', { attribute: 'department', equals: 'Sales' }, ['base']),
      aRule('all', finance, ['extra', 'base']),
      aRule('again', { any: [finance] }, ['base']),
    ],
  });
  expect(birthrightsFor(model, { department: 'Finance' })).toEqual([
    { packageKey: 'extra', ruleId: 'all' },
    { packageKey: 'base', ruleId: 'all' },
  ]);
  expect(birthrightsFor(model, {})).toEqual([]);
});

test('the attributes that are stored are those that a rule reads, or those that the model declares, and the location', () => {
  const when = { any: [finance, { not: { all: [{ attribute: 'jobCode', in: ['1'] }] } }] };
  const model = parsedModel({ birthrights: [aRule('r', when, ['finance'])] });
  expect([...storedAttributes(model)]).toEqual(['department', 'jobCode', 'location']);
  const declaring = parsedModel({ attributes: ['department', 'grade'] });
  expect([...storedAttributes(declaring)]).toEqual(['department', 'grade', 'location']);
});

test.each([
  ['Asia/Tokyo', { timeZone: 'Asia/Tokyo', attributes: { location: 'Berlin' } }],
  ['Europe/Berlin', { attributes: { location: 'Berlin' } }],
  ['UTC', { attributes: { location: 'toString' } }],
  ['UTC', { attributes: {} }],
])('the zone is %s for %j', (zone, worker) => {
  expect(zoneFor(parsedModel(), worker)).toBe(zone);
});

const pair = (members: object = {}, other: object = {}) =>
  parsedModel({
    accessPackages: [
      aPackage('finance', members),
      aPackage('sales', { incompatibleWith: ['finance'], ...other }),
    ],
  });
const version = (model: ReturnType<typeof pair>) => packageDefinition(model, 'finance')?.version;

test('the definition of a package names its catalog and both directions of incompatibility', () => {
  expect(packageDefinition(pair(), 'finance')).toMatchObject({
    accessPackage: { key: 'finance' },
    catalog: { key: 'main' },
    incompatible: [{ key: 'sales' }],
  });
  const model = pair();
  expect(packageDefinition(model, 'finance')).toBe(packageDefinition(model, 'finance'));
  expect(packageDefinition(pair(), 'nothing')).toBeUndefined();
});

test("a package's version changes with what Graph sees of it, and with nothing else", () => {
  expect(version(pair({ hidden: true }))).not.toBe(version(pair()));
  expect(version(pair({}, { displayName: 'Renamed' }))).not.toBe(version(pair()));
  expect(version(pair({ wait: true }))).toBe(version(pair()));
  expect(version(pair({}, { description: 'Said better.' }))).toBe(version(pair()));
  expect(version(pair({ incompatibleWith: ['sales'] }))).toBe(version(pair()));
});

test('what a rule asks about and was not stored is named only where the stored attributes do not decide', () => {
  const older = parsedModel({ birthrights: [aRule('r', finance, ['finance'])] });
  const given = { department: 'Finance', grade: '7' };
  const { attributes, unstored = [] } = keepAttributes(older, given);
  expect({ attributes, names: unstored.length }).toEqual({
    ...{ attributes: { department: 'Finance' }, names: 1 },
  });
  expect(JSON.stringify(unstored)).not.toContain('grade');
  const grade = { attribute: 'grade', equals: '7' };
  const asks = (when: object) =>
    unstoredAttribute(parsedModel({ birthrights: [aRule('r', when, ['finance'])] }), {
      ...{ attributes, unstored },
    });
  expect(asks({ all: [finance, grade] })).toBe('grade');
  expect(asks({ all: [finance, { not: grade }] })).toBe('grade');
  expect(asks({ any: [finance, grade] })).toBeUndefined();
  expect(asks({ all: [{ attribute: 'department', equals: 'Sales' }, grade] })).toBeUndefined();
  // It was not in the event, so it is absent and not unknown.
  expect(asks({ not: { attribute: 'level', equals: '1' } })).toBeUndefined();
  expect(unstoredAttribute(older, keepAttributes(older, given))).toBeUndefined();
});
