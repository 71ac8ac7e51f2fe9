import { AccessContent } from '../../shared/reports/access';
import { CompletenessContent } from '../../shared/reports/completeness';
import { evidenceOf } from '../../shared/reports/evidence';
import { LeaversContent } from '../../shared/reports/leavers';
import {
  connection,
  json,
  option,
  parseDuration,
  parseId,
  parseIds,
  parsePositiveInteger,
  parseTime,
  type CommandDefinition,
} from '../command';
import type { AccessOptions, CompletenessOptions, LeaversOptions } from '../report';

const from = 'the first instant of the period: a time, a UTC day, or a duration before now';
const options = [
  option('--to <time>', 'the first instant after the period, by default now', { parse: parseTime }),
  option(
    '--by <who>',
    'who makes the report, by default the name of your account on this machine',
    {
      parse: parseId,
    },
  ),
  option('--csv', 'print CSV instead of Markdown', { default: false, conflicts: ['json'] }),
  json,
];

/** Reports for an auditor, as Markdown, CSV or JSON. */
export const reportCommands: readonly CommandDefinition[] = [
  {
    name: 'report access',
    arguments: [],
    options: [
      option('--workers <list>', 'these worker ids, with commas or spaces between', {
        parse: parseIds,
        conflicts: ['sample', 'seed'],
      }),
      option('--sample <n>', 'so many workers whose access changed in the period', {
        parse: parsePositiveInteger,
      }),
      option('--seed <text>', 'with --sample: the same seed draws the same workers', {
        parse: parseId,
      }),
      option('--from <time>', `${from}; with --workers by default the first row`, {
        parse: parseTime,
      }),
      ...options,
    ],
    description:
      'report who got or lost which package, by which rule, when it was due and delivered, who approved, and whether the ' +
      'rows verify; from audit rows alone. Exit code 1 on a fault of a hash chain, or if a given worker has no change',
    output: evidenceOf(AccessContent),
    run: async (_, given: AccessOptions) =>
      (await import('../report.js')).reportAccess(await connection(), given),
  },
  {
    name: 'report completeness',
    arguments: [],
    options: [
      option('--from <time>', from, { required: true, parse: parseTime }),
      option(
        '--roster <file>',
        'who is expected: CSV with a header, or JSON if the name ends in .json; without it the accepted events are',
      ),
      option('--map <file>', 'with --roster: which column says what, as "joinery load" takes it'),
      ...options,
    ],
    description:
      'report whether everybody of a roster, or every accepted event, was served or has an end that says why not. Exit code ' +
      '1 if one is unexplained',
    output: evidenceOf(CompletenessContent),
    run: async (_, given: CompletenessOptions) =>
      (await import('../report.js')).reportCompleteness(await connection(), given),
  },
  {
    name: 'report leavers',
    arguments: [],
    options: [
      option('--from <time>', from, { required: true, parse: parseTime }),
      option('--target <duration>', 'within which access has to be gone', {
        parse: parseDuration,
        default: 86_400,
        defaultText: '24h',
      }),
      ...options,
    ],
    description:
      'report for everybody whose employment ended in the period how soon each access package was removed, and what is not ' +
      'removed. Exit code 1 if some was removed late, or is not removed',
    output: evidenceOf(LeaversContent),
    run: async (_, given: LeaversOptions) =>
      (await import('../report.js')).reportLeavers(await connection(), given),
  },
];
