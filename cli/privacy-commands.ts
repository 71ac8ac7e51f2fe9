import { PersonExport } from '../shared/privacy/export';
import { PersonReport } from '../shared/reports/person';
import { Retained } from '../shared/privacy/retention';
import { connection, json, option, parseDay, parseId, type CommandDefinition } from './command';
import type { PersonOptions } from './person';
import type { RetentionOptions } from './retention';

export const personCommand: CommandDefinition = {
  name: 'person',
  arguments: [
    {
      name: '<worker>',
      description: 'a worker id; any number that the person has had',
      parse: parseId,
    },
  ],
  options: [
    option('--export', 'print every row that the tables hold of the person instead, as JSON', {
      default: false,
    }),
    json,
  ],
  description:
    'show what a person has and why, what is asked for and open, what HR has said, and when the rules next give or take something',
  output: PersonReport.partial().extend(PersonExport.partial().shape),
  run: async ([worker = ''], options: PersonOptions) =>
    (await import('./person.js')).person(await connection(), worker, options),
};

export const retentionCommand: CommandDefinition = {
  name: 'retention',
  arguments: [],
  options: [
    option('--before <day>', 'the first UTC day to keep, YYYY-MM-DD; at least 90 days ago', {
      required: true,
      parse: parseDay,
    }),
    option('--yes', 'remove it; without it, nothing is removed', { default: false }),
    option('--key <file>', 'with --yes: the Ed25519 key, as PEM, that signs the record'),
    option('--by <who>', 'with --yes: who removes it', { parse: parseId }),
    option('--reason <code>', 'with --yes: why', { parse: parseId }),
    json,
  ],
  description:
    'show how many events, with their audit rows and claims, ended before a day and are sealed, or remove them by a signed record',
  output: Retained,
  run: async (_, options: RetentionOptions) =>
    (await import('./retention.js')).retention(await connection(), options),
};
