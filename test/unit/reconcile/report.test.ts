import { findingOf, reported } from '../../../shared/domain/reconcile/findings';
import {
  exitCodeOf,
  ReconcileReport,
  reportHash,
  reportMarkdown,
  reportOf,
  rosterLines,
} from '../../../shared/domain/reconcile/report';
import { jsonHash } from '../../../shared/domain/events/keys';

const finding = findingOf({
  kind: 'missing',
  workerId: 'W-1',
  objectId: 'o-1',
  packageKey: 'finance',
  since: '2026-06-01T00:00:00.000Z',
  remedy: 'repair',
  next: 'A recheck of the person grants it.',
  action: 'grant',
  after: ['sales'],
});
type Content = Parameters<typeof reportOf>[0];
const content: Content = {
  run: 'r1',
  startedAt: '2026-06-01T02:00:00.000Z',
  endedAt: '2026-06-01T02:05:00.000Z',
  modelHash: 'a'.repeat(64),
  scopes: [{ packageKey: 'finance', state: 'complete', holders: 12 }],
  findings: [],
  skipped: { runOpen: 3, recentFact: 2, excluded: 1 },
  brakes: [],
  headroom: [{ what: 'assignments', used: 270_000, limit: 300_000 }],
};
const brake = {
  id: 'reconcile-grant-r1',
  scope: 'run',
  action: 'grant',
  count: 60,
  limit: 50,
  state: 'held',
} as const;
const short = { packageKey: 'sales', state: 'suspect', holders: 0, why: 'empty' } as const;

it.each<[string, Partial<Content>, string, number]>([
  ['nothing differs', {}, 'clean', 0],
  ['something differs', { findings: [finding] }, 'drift', 1],
  [
    'a package is suspect, even beside a brake',
    { scopes: [short], brakes: [brake] },
    'incomplete',
    3,
  ],
  ['a brake holds', { findings: [finding], brakes: [brake] }, 'held', 4],
  [
    'a brake was released',
    { findings: [finding], brakes: [{ ...brake, state: 'released' }] },
    'drift',
    1,
  ],
])('where %s, the report and the exit code say so', (_, more, state, exitCode) => {
  const report = reportOf({ ...content, ...more });
  expect(report.state).toBe(state);
  expect(exitCodeOf(report)).toBe(exitCode);
});

it('a roster that was not read whole makes the run incomplete', () => {
  expect(reportOf(content, true).state).toBe('incomplete');
  const roster = { state: 'incomplete', workers: 5, facts: 0, why: 'shrunk' } as const;
  const report = reportOf({ ...content, roster });
  expect([report.state, exitCodeOf(report)]).toEqual(['incomplete', 3]);
  expect(reportMarkdown(report, 'timer')).toContain(
    'Roster: incomplete (shrunk), 5 workers, 0 new facts',
  );
  expect(reportOf({ ...content, roster: { ...roster, state: 'complete' } }).state).toBe('clean');
});

it('a dry run says whom the roster would change, and names the first of many', () => {
  const dry = (changes: string[]) =>
    reportOf({
      ...{ ...content, asked: { by: 'ann', dryRun: true } },
      roster: { state: 'complete', workers: 30, facts: changes.length, changes },
    });
  const workers = Array.from({ length: 22 }, (_, n) => `W-${n}`);
  expect(rosterLines(dry(['W-1', 'W-2']))).toEqual([
    'complete, 30 workers, 2 facts would be new: W-1, W-2',
  ]);
  expect(rosterLines(dry(workers))[0]).toMatch(/22 facts would be new: W-0, .*W-19 and 2 more$/);
});

it('a report matches its schema, and its hash is that of its canonical JSON without the hash', () => {
  const report = reportOf({ ...content, findings: [finding, finding] });
  expect(ReconcileReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  expect(report.counts).toEqual({ missing: 2 });
  const { hash, ...rest } = report;
  expect(jsonHash(rest)).toBe(hash);
  expect(reportHash(report)).toBe(hash);
  expect(reportHash({ ...report, run: 'r2' })).not.toBe(hash);
});

describe('a run that a person has asked for', () => {
  const asked = { by: 'ann', reason: 'T-1', dryRun: true, packageKey: 'finance' } as const;
  const report = reportOf({ ...content, asked });

  it('says in JSON and in Markdown who asked, why and for what, and its hash covers it', () => {
    expect(ReconcileReport.parse(JSON.parse(JSON.stringify(report))).asked).toEqual(asked);
    const { hash, ...rest } = report;
    expect(jsonHash(rest)).toBe(hash);
    expect(reportOf(content).hash).not.toBe(hash);
    const text = reportMarkdown(report, 'ann');
    expect(text).toContain('- A dry run: nothing was repaired');
    expect(text).toContain('- Only who holds the package finance');
    expect(text).toContain('- Reason: T-1');
    expect(reportMarkdown(reportOf(content), 'timer')).not.toMatch(/dry run|Only who|reason:/i);
  });

  it.each([
    ['runOpen', 'a run about them'],
    ['recentFact', 'the last 15 minutes'],
  ])('of one worker who was left out (%s) ends with 3 and says so', (why, words) => {
    const skipped = { runOpen: 0, recentFact: 0, excluded: 0, [why]: 1 };
    const one = { ...content, asked: { by: 'ann', workerId: 'W-1' }, skipped };
    const left = reportOf(one);
    expect([left.state, exitCodeOf(left)]).toEqual(['clean', 3]);
    expect(reportMarkdown(left, 'ann')).toMatch(new RegExp(`W-1 was not compared.*${words}`));
    expect(exitCodeOf(reportOf({ ...one, findings: [finding] }))).toBe(1);
    const compared = reportOf({ ...one, skipped: { ...skipped, [why]: 0, excluded: 1 } });
    expect(exitCodeOf(compared)).toBe(0);
    expect(reportMarkdown(compared, 'ann')).not.toContain('not compared');
  });
});

it('the Markdown says once that there are no findings', () => {
  const text = reportMarkdown(reportOf(content), 'timer');
  const [, findings = ''] = /## Findings([^#]*)/.exec(text) ?? [];
  expect(findings.match(/None/g)).toHaveLength(1);
});

it('what only a run needs of a difference is not in its finding', () => {
  expect(finding).not.toHaveProperty('action');
  expect(finding).not.toHaveProperty('after');
});

it('the Markdown has who started the run, each finding, each scope and the hash', () => {
  const odd = reported('absent-from-roster', { workerId: 'W|2\n*x*' });
  const report = reportOf({ ...content, scopes: [short], findings: [finding, findingOf(odd)] });
  const text = reportMarkdown(report, 'timer');
  expect(text).toContain('# Reconciliation r1: incomplete');
  expect(text).toContain('started by timer');
  expect(text).toContain('| missing | W-1 | o-1 | finance | 2026-06-01T00:00:00.000Z | repair |');
  expect(text).toContain('| absent-from-roster | W\\|2 \\*x\\* |  |  |  | report |');
  expect(text).toContain('| sales | suspect | 0 | empty |');
  expect(text).toContain('| assignments | 270000 | 300000 | 80 % or more |');
  expect(text).toContain(report.hash);
});
