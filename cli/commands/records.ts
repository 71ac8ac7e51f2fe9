import { z } from 'zod';
import { ClosingOutcome } from '../../shared/domain/workflow/step-outcome';
import { WaitingFor } from '../../shared/domain/workflow/workflow-state';
import { PersonExport } from '../../shared/privacy/export';
import { Retained } from '../../shared/privacy/retention';
import { Explanation } from '../../shared/reports/explain';
import { PersonReport } from '../../shared/reports/person';
import {
  connection,
  json,
  option,
  parseDay,
  parseEventId,
  parseId,
  parseTime,
  repeated,
  type CommandDefinition,
  type Json,
} from '../command';
import type { ListOptions } from '../list';
import type { PersonOptions } from '../person';
import type { RetentionOptions } from '../retention';

const text = z.string();
const count = z.number().int();

/** What an open event waits for: of `status` and of each event of `list`. */
const wait = {
  waitingFor: z.enum(['start', 'closing', 'nothing', ...WaitingFor.options]).optional(),
  waitingReason: text.optional(),
  waitingSince: text.optional(),
  waitingUntil: text.optional(),
  stalledSince: text.optional(),
};
const eventStatus = z.looseObject({
  eventId: text.optional(),
  source: text.optional(),
  state: z.enum(['claimed', 'started', 'closing', 'closed', 'rejected']),
  outcome: text.optional(),
  reason: text.optional(),
  ...wait,
});

/** What is stored of an event or a person: to look at, and to remove. */
export const recordCommands: readonly CommandDefinition[] = [
  {
    name: 'status',
    arguments: [{ name: '<id>', description: 'a CloudEvents id', parse: parseEventId }],
    options: [option('--source <uri>', 'the source, if several have the id'), json],
    description: 'show the state of one event, by its CloudEvents id',
    output: eventStatus,
    run: async ([id = ''], options: Json & { source?: string }) =>
      (await import('../status.js')).status(await connection(), id, options),
  },
  {
    name: 'explain',
    arguments: [{ name: '<id>', description: 'a CloudEvents id', parse: parseEventId }],
    options: [option('--source <uri>', 'the source, if several have the id'), json],
    description:
      'explain why an event gave or took access: by which events, rule and policy, what was held before and how it ended; ' +
      'from stored rows, whatever the rules are now. Exit code 1 on a fault of the hash chains',
    output: Explanation,
    run: async ([id = ''], options: Json & { source?: string }) =>
      (await import('../explain.js')).explain(await connection(), id, options),
  },
  {
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
      (await import('../person.js')).person(await connection(), worker, options),
  },
  {
    name: 'retention',
    arguments: [],
    options: [
      option('--before <day>', 'the first UTC day to keep, YYYY-MM-DD; at least 90 days ago', {
        required: true,
        parse: parseDay,
      }),
      option('--yes', 'remove it; without it, nothing is removed', { default: false }),
      option('--key <file>', 'with --yes: the Ed25519 key, as PEM, that signs the record'),
      repeated(
        '--retention-key <file>',
        'a former key, as PEM: a removal that broke off and was signed by it is taken up too',
      ),
      option('--by <who>', 'with --yes: who removes it', { parse: parseId }),
      option('--reason <code>', 'with --yes: why', { parse: parseId }),
      json,
    ],
    description:
      'show how many events, with their audit rows and claims, ended before a day and are sealed, or remove them by a signed record',
    output: Retained,
    run: async (_, options: RetentionOptions) =>
      (await import('../retention.js')).retention(await connection(), options),
  },
  {
    name: 'list',
    arguments: [],
    options: [
      option('--open', 'open events, and what each waits for (the default)', { default: false }),
      option(
        '--problems',
        'events that ended without all of their access or are stalled, and refused messages',
        {
          default: false,
        },
      ),
      repeated('--outcome <code>', 'events that ended with this outcome', {
        choices: [...ClosingOutcome.options, 'rejected'],
      }),
      option(
        '--since <time>',
        'only those received, or if ended closed, since a time or within a duration such as 4h; ' +
          'by default ended events of the last 7 days',
        { parse: parseTime },
      ),
      option('--worker <id>', 'only those of this worker, at any time', { parse: parseId }),
      json,
    ],
    description:
      'list events: what each open one waits for, since when and until when at most, and how the others ended',
    output: z.strictObject({
      events: z.array(eventStatus),
      groups: z.array(z.strictObject({ state: text, why: text, events: count })),
    }),
    run: async (_, options: ListOptions) =>
      (await import('../list.js')).list(await connection(), options),
  },
];
