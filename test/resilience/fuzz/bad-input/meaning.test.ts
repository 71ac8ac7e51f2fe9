import { sample, verdict, verdicts, withData, withMember } from './bodies';

test('a repeated, skipped or absent sequence is no fault of one event', () => {
  expect(verdicts([0, 1, 1001, undefined].map((sequence) => withData({ sequence })))).toEqual([
    'accepted',
  ]);
  expect(verdict(withData({ sequence: -1 }))).toBe('invalid-sequence data.sequence');
});

test('only a listed source is listened to, character by character', () => {
  const sources = [
    'urn:hr:acme:workday2',
    'URN:hr:acme:workday',
    'https://evil.example/hr',
    'urn:hr:acme:workday/',
  ];
  expect(verdicts(sources.map((source) => withMember({ source })))).toEqual([
    'source-not-listed source',
  ]);
  const broken = ['', '/workday', 'urn:a b', 'urn:\u00e9', 'urn:a\n', `urn:${'a'.repeat(253)}`];
  expect(verdicts(broken.map((source) => withMember({ source })))).toEqual([
    'invalid-source source',
  ]);
});

test('a subject is the worker, or absent', () => {
  expect(verdict({ ...sample, subject: 'W-1025' })).toBe('subject-mismatch subject');
  expect(verdict({ ...sample, subject: 'w-1024' })).toBe('subject-mismatch subject');
});
