import { AccessContent } from '../shared/reports/access';
import { evidenceOf } from '../shared/reports/evidence';
import {
  connection,
  json,
  option,
  parseId,
  parseIds,
  parsePositiveInteger,
  parseTime,
  type CommandDefinition,
} from './command';
import type { AccessOptions } from './report';

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
      (await import('./report.js')).reportAccess(await connection(), given),
  },
];
