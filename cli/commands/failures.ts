import { z } from 'zod';
import {
  connection,
  json,
  option,
  parseEventId,
  parseId,
  parseTime,
  parsePositiveInteger,
  repeated,
  type CommandDefinition,
  type Json,
} from '../command';
import type { ReplayOptions } from '../replay';

const text = z.string();
const count = z.number().int();

/** What failed, and how it is run again. */
export const failureCommands: readonly CommandDefinition[] = [
  {
    name: 'dead-letters',
    arguments: [],
    options: [
      option('--limit <n>', 'how many at most', { parse: parsePositiveInteger, default: 100 }),
      json,
    ],
    description: 'list the messages that Service Bus has given up on; removes none',
    output: z.strictObject({
      deadLetters: z.array(
        z.strictObject({
          sequenceNumber: text,
          enqueuedAt: text.optional(),
          eventId: text.optional(),
          problem: text.optional(),
          bodyType: z.enum(['data', 'value', 'sequence']),
          deadLetterReason: text.optional(),
          deadLetterErrorDescription: text.optional(),
          bodyHash: text,
        }),
      ),
    }),
    run: async (_, options: Json & { limit: number }) =>
      (await import('../dead-letters.js')).deadLetters(await connection(), options),
  },
  {
    name: 'replay',
    arguments: [
      { name: '[id]', description: 'only the event of this CloudEvents id', parse: parseEventId },
    ],
    options: [
      option('--by <who>', 'who replays; kept in the audit rows, so a user name, no mail address', {
        parse: parseId,
        required: true,
      }),
      option('--reason <code>', 'why, such as a ticket; kept in the audit rows', {
        parse: parseId,
        required: true,
      }),
      repeated(
        '--file <file>',
        'an event whose message is no dead letter, or JSON Lines with one on each line; "-" is standard input',
        { conflicts: ['cause', 'package', 'since', 'until', 'limit'] },
      ),
      option(
        '--cause <code>',
        'only those with this dead-letter reason, refusal, outcome or reason',
      ),
      option('--package <key>', 'only closed events with a row about this access package'),
      option(
        '--since <time>',
        'only those enqueued or closed since a time, or within a duration such as 4h; ' +
          'by default closed events of the last 30 days',
        { parse: parseTime },
      ),
      option('--until <time>', 'only those enqueued or closed before', { parse: parseTime }),
      option('--limit <n>', 'how many events at most', {
        parse: parsePositiveInteger,
        default: 50,
      }),
      option('--attempts <n>', 'leave events that have had this many attempts', {
        parse: parsePositiveInteger,
        default: 5,
      }),
      option('--preview', 'only show what would be done (the default)', { conflicts: ['yes'] }),
      option('--yes', 'replay them; without it nothing is sent or removed', { default: false }),
      json,
    ],
    description:
      'run events again: those of the dead letters; with an id, cause, time or package closed events too, from what was ' +
      'stored of them; or the events of files. ' +
      'Without --yes it only shows what it would do',
    output: z.strictObject({
      preview: z.boolean(),
      events: z.array(
        z.strictObject({
          sequenceNumber: text.optional(),
          enqueuedAt: text.optional(),
          deadLetterReason: text.optional(),
          closedAt: text.optional(),
          eventId: text.optional(),
          eventHash: text.optional(),
          action: z.enum(['send', 'complete', 'leave']),
          why: text,
          attempt: count.optional(),
          causes: z.array(text),
          replayId: text.optional(),
          result: text.optional(),
        }),
      ),
      notLookedAt: count,
      notes: z.array(text),
    }),
    run: async ([event], options: ReplayOptions) =>
      (await import('../replay.js')).replay(await connection(), event, options),
  },
];
