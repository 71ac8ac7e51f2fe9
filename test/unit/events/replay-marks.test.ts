import { replayMarks } from '../../../shared/events/accept';

const marksOf = (properties: unknown) => {
  const ignored: unknown[] = [];
  return { marks: replayMarks(properties, undefined, (line) => ignored.push(line)), ignored };
};

test('properties that are no marks, or no ids, mark nothing', () => {
  const long = 'x'.repeat(65_536);
  for (const properties of [
    ...[undefined, null, 'replayid', 7, [], {}, { other: 'r-1', __proto__x: long, '': 'r-1' }],
    JSON.parse('{"__proto__":{"replayid":"r-1"},"constructor":"r-1"}') as unknown,
  ]) {
    expect(marksOf(properties)).toEqual({ marks: undefined, ignored: [] });
  }
  for (const value of [
    '',
    'a b',
    long,
    true,
    null,
    {},
    ['r-1'],
    { toString: () => 'r-1' },
    1e21,
    NaN,
    -1.5e-9,
  ]) {
    const { marks, ignored } = marksOf({ replayid: value });
    expect(marks?.id === undefined || /^[\w.:-]{1,64}$/.test(marks.id)).toBe(true);
    expect(JSON.stringify(ignored)).not.toContain('xxx');
  }
});

test('a number is a mark as its digits, names are taken in any case', () => {
  expect(marksOf({ ReplayId: 4711, REPLAYEDBY: 'alice' }).marks).toEqual({
    id: '4711',
    by: 'alice',
  });
});
