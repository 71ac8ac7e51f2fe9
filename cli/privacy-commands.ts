import { PersonExport } from '../shared/privacy/export';
import { PersonReport } from '../shared/reports/person';
import { connection, json, option, parseId, type CommandDefinition } from './command';
import type { PersonOptions } from './person';

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
