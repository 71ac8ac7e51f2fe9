import { activities } from '../../../shared/domain/workflow/activities';

const nothing = [undefined, null, '', 'done', 0, [], {}, { outcome: 'done' }, { outcome: {} }];

test.each(Object.values(activities))(
  'an answer of $name is an object with an outcome',
  ({ output }) => {
    expect(
      output.safeParse({ outcome: { kind: 'later', afterSeconds: 1, why: 'w' } }).success,
    ).toBe(true);
    for (const answer of nothing) expect(output.safeParse(answer).success).toBe(false);
  },
);
