import { z } from 'zod';
import { Fate } from '../../shared/domain/lifecycle/facts';
import { Action } from '../../shared/domain/lifecycle/held';
import { StopReason } from '../../shared/domain/lifecycle/planner';
import {
  connection,
  json,
  option,
  parseId,
  parseInstant,
  type CommandDefinition,
  type Json,
} from '../command';
import { CliError } from '../print';
import type { PlanOptions } from '../plan';
import type { SampleOptions } from '../sample';

const samples = ['joined', 'moved', 'left', 'corrected', 'rescinded', 'snapshot'] as const;
const text = z.string();
const count = z.number().int();

/** What is sent to the app, and what it would do. */
export const sendingCommands: readonly CommandDefinition[] = [
  {
    name: 'send',
    arguments: [
      {
        name: '<files...>',
        description: 'an event each, or JSON Lines with one on each line; "-" is standard input',
      },
    ],
    options: [
      option('--force', 'send them although the app will reject them', { default: false }),
      json,
    ],
    description:
      'send events from files or from standard input, after a check that lists every fault and warns of what may not be meant',
    output: z.strictObject({
      sent: z.literal(true),
      queue: text,
      events: z.array(
        z.strictObject({
          file: text,
          line: count,
          eventId: text.optional(),
          bodyHash: text,
          faults: z.array(
            z.strictObject({ reason: text, field: text.optional(), rule: text, line: count }),
          ),
          warnings: z.array(z.strictObject({ code: text, field: text, line: count, text })),
        }),
      ),
      notes: z.array(text),
    }),
    run: async (files, options: Json & { force: boolean }) =>
      (await import('../send.js')).send(await connection(), files, options),
  },
  {
    name: 'sample',
    arguments: [],
    options: [
      option('--id <id>', 'its CloudEvents id; by default of the worker and the start date', {
        parse: parseId,
      }),
      option('--worker <id>', 'the worker', { parse: parseId, default: 'W-1024' }),
      option('--type <type>', 'what it says', { choices: samples, default: 'joined' }),
      option(
        '--revises <id>',
        'the id of the event, as it was sent, that a corrected or rescinded one is about; ' +
          'by default of the joined sample without --id',
        { parse: parseId },
      ),
      json,
    ],
    description: 'print an event that can be sent: by default, somebody joins Finance in a week',
    output: z.looseObject({ specversion: text, id: text, source: text, type: text, time: text }),
    run: async (_, options: SampleOptions) => {
      const { sampleEvent } = await import('../sample.js');
      const { type, revises } = options;
      if (revises !== undefined && type !== 'corrected' && type !== 'rescinded')
        throw new CliError('--revises needs --type corrected or --type rescinded', 2);
      process.stdout.write(`${JSON.stringify(sampleEvent(options, new Date()), null, 2)}\n`);
    },
  },
  {
    name: 'plan',
    arguments: [],
    options: [
      option('--events <file>', 'the events of one person: a JSON array', { required: true }),
      option('--held <file>', 'what the person holds: a JSON array; nothing if absent'),
      option('--model <place>', 'the path or blob URL of the access model', { required: true }),
      option('--at <time>', 'the instant to plan for', { required: true, parse: parseInstant }),
      json,
    ],
    description:
      'show what the rules give one person at an instant, what would be done, and when that changes; nothing is sent',
    output: z.strictObject({
      wants: z.array(
        z.strictObject({
          packageKey: text,
          ruleId: text,
          until: text.optional(),
          reason: z.enum(['rule', 'overlap']),
        }),
      ),
      steps: z.array(
        z.strictObject({
          id: text,
          action: Action,
          packageKey: text,
          until: text.optional(),
          after: z.array(text),
        }),
      ),
      stopped: z.array(z.strictObject({ packageKey: text, reason: StopReason })),
      handOff: z.array(text),
      next: text.nullable(),
      fates: z.record(text, Fate),
    }),
    run: async (_, options: PlanOptions) => (await import('../plan.js')).plan(options),
  },
];
