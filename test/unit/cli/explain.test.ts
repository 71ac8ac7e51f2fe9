import { datesText, explanationText, factText } from '../../../cli/explain';
import type { Fact } from '../../../shared/domain/lifecycle/facts';
import type { AttemptLine, Explanation, StepLine } from '../../../shared/reports/explain';

const hash = 'e'.repeat(64);
const step = (changes: Partial<StepLine>): StepLine => ({
  ...{ action: 'grant', packageKey: 'finance', facts: [], operations: [] },
  ...changes,
});
const attempt = (changes: Partial<AttemptLine>): AttemptLine => ({
  ...{ attempt: 1, initiator: 'event', accessModelHash: 'a'.repeat(64), appVersion: '0.1.0' },
  ...{ facts: [], steps: [], waits: [] },
  ...changes,
});
const explanation = (changes: Partial<Explanation>): Explanation => ({
  event: { eventHash: hash, eventId: 'e-1', source: 'urn:hr', workerId: 'W-1' },
  ...{ attempts: [], refusals: [], faults: [], notes: [] },
  ...changes,
});
const attributes = { department: 'Finance' };

test.each<[Fact['states'], string]>([
  [{ kind: 'joined', startDate: '2026-11-23', attributes }, 'from 2026-11-23'],
  [
    { kind: 'moved', effectiveDate: '2027-03-01', endDate: '2027-05-31', attributes },
    'from 2027-03-01 to 2027-05-31',
  ],
  [{ kind: 'left', lastDay: '2027-05-31' }, 'last day 2027-05-31'],
  [{ kind: 'left', endsAt: '2027-05-03T10:00:00.000Z' }, 'ends at 2027-05-03T10:00:00.000Z'],
  [
    {
      ...{ kind: 'corrected', revises: { source: 'urn:hr', id: 'e-0' } },
      content: { kind: 'left', lastDay: '2027-06-30' },
    },
    'corrects e-0: last day 2027-06-30',
  ],
  [{ kind: 'rescinded', revises: { source: 'urn:hr', id: 'e-0' } }, 'voids e-0'],
  [{ kind: 'rescinded', startDate: '2026-11-23' }, 'voids the start of 2026-11-23'],
  [
    {
      kind: 'snapshot',
      spans: [
        { employmentId: 'E-1', from: '2026-11-23', until: '2027-06-30', attributes },
        { employmentId: 'E-2', from: '2027-09-01', attributes },
      ],
    },
    'from 2026-11-23 to 2027-06-30; from 2027-09-01',
  ],
  [{ kind: 'snapshot', spans: [] }, 'no employment'],
])('what an event states is told by its days: %j', (states, text) => {
  expect(datesText({ states })).toBe(text);
});

test('of an event that only the audit knows, its first day is told, and of one that nothing knows its hash', () => {
  expect(datesText({ startDate: '2026-11-23', actAt: '2026-11-22T23:00:00.000Z' })).toBe(
    'from 2026-11-23',
  );
  expect(factText({ eventHash: hash })).toBe('event eeeeeeeeeeee');
});

test('a step tells what was held before, who did not have to approve, and whether it was in time', () => {
  const shown = explanationText(
    explanation({
      attempts: [
        attempt({
          ...{ outcome: 'delivered', closedAt: '2026-11-20T09:30:00.000Z' },
          steps: [
            step({
              ...{ outcome: 'delivered', ruleId: 'finance-staff', held: 'nothing' },
              ...{ modelApproval: 'required', policyApproval: 'bypassed:never-waited' },
              ...{ readyBy: '2026-11-23T08:00:00.000Z', marginMinutes: 4230.25 },
              deliveredAt: '2026-11-20T09:29:45.000Z',
            }),
            step({
              ...{ action: 'revoke', packageKey: 'sales', outcome: 'revoked', whose: 'ours' },
              ...{ held: 'held', heldUntil: '2027-01-01T00:00:00.000Z' },
              actAt: '2026-11-19T23:00:00.000Z',
            }),
          ],
        }),
      ],
    }),
  );
  expect(shown).toMatch(/^held before +nothing$/m);
  expect(shown).toMatch(
    /^approval +required by the access model, bypassed:never-waited by the policy$/m,
  );
  expect(shown).toMatch(/^carried out +2026-11-20T09:29:45.000Z, 2 days 22 hours before that$/m);
  const late = explanation({ attempts: [attempt({ steps: [step({ marginMinutes: -0.5 })] })] });
  expect(explanationText(late)).toMatch(/^carried out +30 seconds late$/m);
  expect(shown).toMatch(/^held before +held, ours, until 2027-01-01T00:00:00.000Z$/m);
  expect(shown).toMatch(/^rule +none gives it from 2026-11-19T23:00:00.000Z on$/m);
});

test.each([
  ['discarded', 'discarded by ann (T-1)'],
  ['revoked', 'released by ann (T-1)'],
])('a removal that a brake held and that ended as %s tells who decided', (outcome, text) => {
  const decision = { brake: 'usual-1', decidedBy: 'ann', decisionReason: 'T-1' };
  const one = step({ action: 'revoke', outcome, ...decision });
  expect(explanationText(explanation({ attempts: [attempt({ steps: [one] })] }))).toMatch(
    new RegExp(`^held back +by the brake usual-1, ${text.replace(/[()]/g, '\\$&')}$`, 'm'),
  );
});

test('an attempt tells who asked for it, and an open event what it waits for', () => {
  const replayed = { initiator: 'replay:ann', replayReason: 'INC-1' };
  const waits = { waitingFor: 'approval', waitingSince: '2026-11-20T09:30:00.000Z' } as const;
  const shown = explanationText(
    explanation({
      attempts: [attempt({ ...replayed, waits: [waits] })],
      status: { state: 'started', waitingFor: 'approval', waitingUntil: '2026-12-04T00:00:00Z' },
    }),
  );
  expect(shown).toContain('Attempt 1, started by replay:ann (INC-1): open');
  expect(shown).toContain('It waited for approval from 2026-11-20T09:30:00.000Z');
  expect(shown).toContain('It is open: started, waits for approval, until 2026-12-04T00:00:00Z');
});

const FAULT = {
  ...{ code: 'row-changed' as const, event: 'join-1', eventHash: 'a'.repeat(64), worker: 'W-7' },
  ...{ attempt: 1, seq: 2, text: 'another hash' },
} as const;

test('a refused message and a fault of the chain are told', () => {
  const recordedAt = '2026-11-20T09:30:00.000Z';
  const reason = 'invalid-date: data.startDate';
  const shown = explanationText(
    explanation({ refusals: [{ reason, recordedAt }], faults: [FAULT] }),
  );
  expect(shown).toContain(`refused at ${recordedAt}: ${reason}`);
  expect(shown).toContain(
    'FAULTS:\nrow-changed: join-1, worker W-7, attempt 1, seq 2: another hash',
  );
});

test('an open event of which nothing is decided says so, and tells once what it waits for', () => {
  const since = '2026-11-20T09:30:00.000Z';
  const waiting = { waitingFor: 'held', waitingSince: since } as const;
  const shown = explanationText(
    explanation({
      status: { state: 'started', ...waiting, waitingReason: 'brake' },
      attempts: [
        attempt({
          waits: [
            { waitingFor: 'directory', waitingSince: '2026-11-20T09:20:00.000Z' },
            { ...waiting, reason: 'brake' },
          ],
        }),
      ],
    }),
  );
  expect(shown).toContain('Nothing has been decided yet.');
  expect(shown).not.toContain('No package was concerned.');
  expect(shown).toContain('It waited for directory');
  expect(shown.match(/held/g)).toHaveLength(1);
  expect(shown).toContain('It is open: started, waits for held: brake');
});
