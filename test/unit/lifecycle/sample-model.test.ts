import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { birthrightsFor } from '../../../shared/domain/lifecycle/birthrights';
import { readAccessModel } from '../../../shared/domain/access-model/read-access-model';
import { exampleEvent } from '../../support/events';

const text = readFileSync(join(__dirname, '../../../access-model.json'), 'utf8');
const read = readAccessModel(text);

test('the sample model has no fault', () => {
  expect(read.kind === 'faults' ? read.faults : []).toEqual([]);
});

test("the contract's example worker gets exactly the package of their department", () => {
  if (read.kind !== 'ok') throw new Error('not a model');
  expect(birthrightsFor(read.model, exampleEvent().data.attributes)).toEqual([
    { packageKey: 'finance', ruleId: 'finance-staff' },
  ]);
});

test.each(['Finance', 'Engineering', 'Sales', 'Human Resources', 'Operations'])(
  'the sample model gives employees of %s something on their first day',
  (department) => {
    if (read.kind !== 'ok') throw new Error('not a model');
    const given = birthrightsFor(read.model, { department, workerType: 'employee' });
    expect(given).toHaveLength(1);
  },
);
