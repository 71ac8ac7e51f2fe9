import { z } from 'zod';
import { Fault } from '../../shared/domain/evidence/fault';
import { Hour, InclusionProof } from '../../shared/domain/evidence/seal';
import { AuditRow } from '../../shared/domain/workflow/audit-entry';
import {
  connection,
  json,
  option,
  parseDay,
  parseEventId,
  parseHour,
  parseId,
  repeated,
  type CommandDefinition,
  type Json,
} from '../command';

const text = z.string();
const count = z.number().int();

/** What an auditor asks of the rows and their seals. */
export const auditCommands: readonly CommandDefinition[] = [
  {
    name: 'audit',
    arguments: [],
    options: [
      option('--event <id>', 'the rows of this event, by its CloudEvents id', {
        parse: parseEventId,
      }),
      option('--source <uri>', 'with --event: the source, if several have the id'),
      option('--worker <id>', 'the rows of this worker', { parse: parseId }),
      option('--day <day>', 'the rows of this UTC day, YYYY-MM-DD', { parse: parseDay }),
      json,
    ],
    description:
      'list the audit rows of one event, worker or day (give one of these), and check their hash chains, and what claims and index know, against the rows; exit code 1 on a fault',
    output: z.strictObject({
      rows: z.array(AuditRow),
      faults: z.array(Fault),
      notes: z.array(text),
    }),
    run: async (_, options: Json) =>
      (await import('../audit.js')).audit(await connection(), options),
  },
  {
    name: 'audit verify',
    arguments: [],
    options: [
      option('--from <hour>', 'the first UTC hour or day, by default the first that is sealed', {
        parse: parseHour,
      }),
      option('--to <hour>', 'the last UTC hour or day, by default now', { parse: parseHour }),
      repeated(
        '--retention-key <file>',
        'an Ed25519 key, as PEM, that may have signed removals: the current one or a former one; without it, each may',
      ),
      json,
    ],
    description:
      'check seals, audit rows and claims against each other, and name what was changed, deleted, inserted, swapped, cut off or forked, an event or an hour that is gone; exit code 1 on a fault',
    output: z.strictObject({
      from: Hour.optional(),
      to: Hour.optional(),
      root: text.optional(),
      ...{ seals: count, events: count, refusals: count, rows: count },
      removed: z.array(z.strictObject({ day: text, events: count, refusals: count })),
      faults: z.array(Fault),
      notes: z.array(text),
    }),
    run: async (_, options: Json & { retentionKey: string[] }) =>
      (await import('../audit-seals.js')).verify(await connection(), options),
  },
  {
    name: 'audit prove',
    arguments: [{ name: '<id>', description: 'the CloudEvents id', parse: parseEventId }],
    options: [option('--source <uri>', 'the source, if several have the id'), json],
    description:
      'print the proof that the rows of an event are sealed, which a script checks without Joinery; exit code 1 if an attempt is not sealed',
    output: z.strictObject({
      proofs: z.array(InclusionProof),
      rows: z.array(z.record(text, z.unknown())),
      unsealed: z.array(count),
    }),
    run: async ([id = ''], options: Json) =>
      (await import('../audit-seals.js')).prove(await connection(), id, options),
  },
];
