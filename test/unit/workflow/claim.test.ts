import {
  MOST_ATTEMPTS,
  replayKey,
  whyNoReplay,
  type Claim,
} from '../../../shared/domain/workflow/claim';
import { activities } from '../../../shared/domain/workflow/activities';

/** A claim as far as a replay asks about it; the outcomes of the lifecycle are not in the schema yet. */
const claim = (changes: object): Claim =>
  ({ state: 'closed', outcome: 'failed', attempt: 1, ...changes }) as Claim;
const marks = { id: 'r-1', reason: 'INC-1', by: 'alice' };

test.each(['delivered', 'already-held', 'revoked', 'rescinded', 'superseded'])(
  'what ended as %s is never run again',
  (outcome) => {
    expect(whyNoReplay(claim({ outcome }), marks)).toBe('final');
  },
);

test.each(['failed', 'terminated', 'denied', 'partly-delivered', 'no-identity', 'timed-out'])(
  'what ended as %s may be run again',
  (outcome) => {
    expect(whyNoReplay(claim({ outcome }), marks)).toBeUndefined();
  },
);

test.each(['claimed', 'started', 'closing'])('what is %s only counts', (state) => {
  expect(whyNoReplay(claim({ state, outcome: undefined }), marks)).toBe('open');
});

test('a replay is known by its id, else by reason and person together', () => {
  const { reason, by } = marks;
  expect(replayKey(marks)).toBe(replayKey({ id: 'r-1', reason: 'other', by: 'bob' }));
  const keys = [marks, { reason, by }, { reason }, { by }, { reason: 'other', by }].map(replayKey);
  expect(new Set(keys).size).toBe(keys.length);
  const known = claim({ replays: [replayKey({ reason, by })] });
  expect(whyNoReplay(known, { reason, by })).toBe('seen');
  expect(whyNoReplay(known, marks)).toBeUndefined();
});

test('attempts come to an end', () => {
  expect(whyNoReplay(claim({ attempt: MOST_ATTEMPTS - 1 }), marks)).toBeUndefined();
  expect(whyNoReplay(claim({ attempt: MOST_ATTEMPTS }), marks)).toBe('worn-out');
});

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
