import type { AccessModel } from '../../../shared/domain/access-model/access-model';
import type { Condition } from '../../../shared/domain/access-model/condition';
import { nearestRule } from '../../../shared/domain/access-model/nearest-rule';

const rulesOf = (...conditions: Condition[]) =>
  ({ birthrights: conditions.map((when, at) => ({ id: `rule-${at}`, when })) }) as AccessModel;

const is = (attribute: string, equals: string): Condition => ({ attribute, equals });

const model = rulesOf(
  { all: [is('department', 'Finance'), is('workerType', 'employee')] },
  { all: [is('department', 'Human Resources'), { not: is('workerType', 'contractor') }] },
  { attribute: 'workerType', in: ['contractor', 'agency'] },
);

test.each([
  [
    'another value',
    { department: 'Finance', workerType: 'intern' },
    'rule-0',
    'workerType',
    'other',
  ],
  ['an absent attribute', { department: 'Finance' }, 'rule-0', 'workerType', 'absent'],
  ['case', { department: 'finance', workerType: 'employee' }, 'rule-0', 'department', 'spelling'],
  [
    'a space',
    { department: 'Finance ', workerType: 'employee' },
    'rule-0',
    'department',
    'spelling',
  ],
  ['no space', { department: 'HumanResources' }, 'rule-1', 'department', 'spelling'],
  ['the name', { Department: 'Finance', workerType: 'employee' }, 'rule-0', 'department', 'name'],
  [
    'an excluded value',
    { department: 'Human Resources', workerType: 'contractor' },
    'rule-1',
    'workerType',
    'unwanted',
  ],
])('%s keeps the nearest rule from matching', (_, attributes, ruleId, attribute, how) => {
  const rules = { ...model, birthrights: model.birthrights.slice(0, 2) };
  expect(nearestRule(rules, attributes as Record<string, string>)).toMatchObject({
    ruleId,
    differences: [{ attribute, how }],
  });
});

test('a rule that is met in part is nearer than one of which nothing is', () => {
  expect(nearestRule(model, { department: 'finance ' })).toMatchObject({
    ruleId: 'rule-0',
    differences: [{ how: 'spelling' }, { attribute: 'workerType', how: 'absent' }],
  });
});

test('of alternatives the nearest one is named, and without any attribute the first of the smallest rules', () => {
  const rules = rulesOf(
    { all: [is('a', '1'), is('b', '2')] },
    { any: [is('c', '3'), is('d', '4')] },
  );
  expect(nearestRule(rules, { d: '4 ' }).differences).toMatchObject([{ attribute: 'd' }]);
  expect(nearestRule(rules, {}).ruleId).toBe('rule-1');
});

test('an alternative that is met by what the event does not have is no difference', () => {
  const isNot = { not: is('workerType', 'contractor') };
  const event = { department: 'Finance', workerType: 'employee', location: 'Berlin' };
  const location = { attribute: 'location', values: ['Paris'], how: 'other' };
  for (const any of [
    [is('department', 'Sales'), isNot],
    [isNot, is('department', 'Sales')],
  ]) {
    const { differences } = nearestRule(
      rulesOf({ all: [{ any }, is('location', 'Paris')] }),
      event,
    );
    expect(differences).toEqual([location]);
  }
});

test('a difference has the values of the model and none of the event', () => {
  const { differences } = nearestRule(model, { department: 'CANARY', workerType: 'employee' });
  expect(JSON.stringify(differences)).not.toContain('CANARY');
});
