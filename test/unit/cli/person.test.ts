import { personText } from '../../../cli/person';
import type { PersonReport } from '../../../shared/reports/person';

const event = { eventHash: 'e'.repeat(64), eventId: 'join-1', source: 'urn:hr' };
const report = (changes: Partial<PersonReport>): PersonReport => ({
  ...{ person: 'W-1', numbers: ['W-1'], has: [], asked: [], open: [], facts: [], next: [] },
  notes: [],
  ...changes,
});
const held = { packageKey: 'finance', whose: 'ours', since: '2026-11-20', event, facts: [event] };

test('somebody who has nothing, and of whom nothing is asked, is told so', () => {
  expect(personText(report({}))).toBe(
    [
      'Worker W-1',
      ...['Has', 'Asked for and open', 'Open events', 'Events', 'Next changes'].map(
        (title) => `${title}: none`,
      ),
    ].join('\n\n'),
  );
});

test.each<[PersonReport['has'][number]['ruleNow'], RegExp]>([
  [undefined, /finance-staff +join-1 +-$/m],
  [null, /finance-staff +join-1 +none$/m],
  [{ ruleId: 'all-staff', reason: 'rule' }, /finance-staff +join-1 +all-staff$/m],
  [
    { ruleId: 'old', reason: 'overlap', until: '2027-03-11T00:00:00.000Z' },
    /old \(overlap\), until 2027-03-11T00:00:00.000Z$/m,
  ],
])('a package shows the rule that gave it, and what the rules say now: %j', (ruleNow, line) => {
  const one = { ...held, whose: 'ours', ruleId: 'finance-staff', ruleNow } as const;
  expect(personText(report({ has: [one] }))).toMatch(line);
});

test('a removal that did not happen is told beside the package', () => {
  const last = {
    action: 'revoke' as const,
    ...{ eventId: 'left-1', outcome: 'failed', reason: 'delivery-failed' },
    recordedAt: '2026-12-01T00:00:00.000Z',
  };
  expect(personText(report({ has: [{ ...held, whose: 'ours', last }] }))).toContain(
    'finance: revoke ended as failed: delivery-failed at 2026-12-01T00:00:00.000Z (left-1)',
  );
});

test('all numbers, what an open event waits for, and notes are told', () => {
  const shown = personText(
    report({
      ...{ numbers: ['W-1', 'C-77'], notes: ['the rules were not checked'] },
      wakeAt: '2027-03-01T00:00:00.000Z',
      open: [{ eventId: 'join-1', state: 'started', waitingFor: 'approval' }],
    }),
  );
  expect(shown).toContain('Worker W-1, also C-77\n');
  expect(shown).toMatch(/^join-1 +started +approval$/m);
  expect(shown).toContain('Next look: 2027-03-01T00:00:00.000Z\n');
  expect(shown).toMatch(/the rules were not checked$/);
});
