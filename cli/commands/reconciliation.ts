import { z } from 'zod';
import { ReconcileReport } from '../../shared/domain/reconcile/report';
import {
  connection,
  json,
  option,
  parseBrake,
  parseDuration,
  parseId,
  type CommandDefinition,
  type Json,
} from '../command';
import type { CloseOptions } from '../held';
import type { RecheckOptions } from '../recheck';
import type { ReconcileOptions } from '../reconcile';

const text = z.string();
const count = z.number().int();

/** What keeps access as the rules say: plans made again, comparisons with Entra, and the brakes that hold them. */
export const reconciliationCommands: readonly CommandDefinition[] = [
  {
    name: 'held',
    arguments: [],
    options: [json],
    description:
      'list the brakes that hold something because too many people would lose access, or a reconciliation would repair too ' +
      'much, and everybody who waits under each',
    output: z.strictObject({
      brakes: z.array(
        z.strictObject({
          id: text,
          kind: z.enum(['usual', 'urgent', 'reconcile-grant', 'reconcile-removal']),
          trippedAt: text,
          counted: count,
          people: z.array(
            z.strictObject({
              person: text,
              eventHash: text,
              since: text,
              objectIds: z.array(text),
              packages: z.array(text),
            }),
          ),
        }),
      ),
    }),
    run: async (_, options: Json) => (await import('../held.js')).held(await connection(), options),
  },
  {
    name: 'recheck',
    arguments: [
      {
        name: '<worker>',
        description: 'a worker id; any number that the person has had',
        parse: parseId,
      },
    ],
    options: [
      option('--reason <code>', 'why, such as a ticket; kept in the audit rows', {
        parse: parseId,
        required: true,
      }),
      option(
        '--by <who>',
        'who asks, by default the name of your account on this machine; kept in the audit rows, so no mail address',
        { parse: parseId },
      ),
      json,
    ],
    description:
      'plan again for a person, and do what the plan says; a discard of their removals does not count any more',
    output: z.strictObject({
      ...{ eventId: text, workerId: text, by: text, reason: text },
      sent: z.literal(true),
    }),
    run: async ([worker = ''], options: RecheckOptions) =>
      (await import('../recheck.js')).recheck(await connection(), worker, options),
  },
  {
    name: 'reconcile',
    arguments: [],
    options: [
      option('--dry-run', 'repair nothing, and only report', { default: false }),
      option('--package <key>', 'compare only who holds this access package', { parse: parseId }),
      option('--worker <id>', 'compare only this worker', { parse: parseId }),
      option(
        '--accept-lists',
        'with --package: a list that is empty or has shrunk is true, as you have seen in Entra',
        { default: false, conflicts: ['worker'] },
      ),
      option(
        '--by <who>',
        'who asks, by default the name of your account on this machine; kept in the audit rows, so no mail address',
        { parse: parseId },
      ),
      option('--reason <code>', 'why, such as a ticket; kept in the audit rows', {
        parse: parseId,
        default: 'asked',
      }),
      option('--reports <folder>', 'where the report is written, as JSON and as Markdown', {
        default: 'reports',
      }),
      option('--last', 'start no run: write and print the report of the last one again', {
        default: false,
        conflicts: ['dryRun', 'package', 'worker', 'acceptLists', 'by'],
      }),
      option('--deadline <duration>', 'how long to follow the run, which goes on after it', {
        parse: parseDuration,
        default: 3600,
        defaultText: '1h',
      }),
      json,
    ],
    description:
      'compare what everybody should have with what is in Entra, repair what the access model says within the limits, and ' +
      'report. Exit code 0 clean, 1 drift, 2 wrong use, 3 incomplete or not known, 4 held by a brake',
    output: ReconcileReport,
    run: async (_, options: ReconcileOptions) =>
      (await import('../reconcile.js')).reconcile(connection, options),
  },
  ...(['release', 'discard'] as const).map((name): CommandDefinition => ({
    name,
    arguments: [{ name: '<brake>', description: 'its id, as "held" lists it', parse: parseBrake }],
    options: [
      option('--by <who>', 'who decides; kept in the audit rows, so a user name, no mail address', {
        parse: parseId,
        required: true,
      }),
      option('--reason <code>', 'why, such as a ticket; kept in the audit rows', {
        parse: parseId,
        required: true,
      }),
      json,
    ],
    description:
      name === 'release'
        ? 'carry out what a brake holds: removals, or repairs of the last reconciliation within a day'
        : 'drop what a brake holds: removals until something else is stated of the person, repairs until the next reconciliation',
    output: z.strictObject({
      brake: text,
      state: z.enum(['released', 'discarded']),
      by: text,
      reason: text,
      people: count,
    }),
    run: async ([id = ''], options: CloseOptions) =>
      (await import('../held.js')).closeBrake(
        await connection(),
        id,
        name === 'release' ? 'released' : 'discarded',
        options,
      ),
  })),
];
