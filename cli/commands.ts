import { z } from 'zod';
import {
  CommandDescription,
  describeCommand,
  json,
  option,
  parseDuration,
  parseInstant,
  type CommandDefinition,
  type Json,
} from './command';
import { auditCommands } from './commands/audit';
import { deploymentCommands } from './commands/deployment';
import { failureCommands } from './commands/failures';
import { reconciliationCommands } from './commands/reconciliation';
import { recordCommands } from './commands/records';
import { reportCommands } from './commands/reports';
import { sendingCommands } from './commands/sending';
import { estimateCommand } from './estimate';
import { print, tableOf } from './print';
import type { ClockOptions } from './clock';

/** The groups of two-word commands. */
export const groups = {
  model: 'check the access model, apply it to the tenant, or import it from there',
  report:
    'answer an auditor: who got what and why, whether everybody was served, and how soon leavers lost access',
};

/** All commands, in the order in which help lists them. */
export const commands: readonly CommandDefinition[] = [
  ...sendingCommands,
  ...recordCommands,
  ...auditCommands,
  ...reportCommands,
  ...failureCommands,
  ...deploymentCommands,
  ...reconciliationCommands,
  estimateCommand,
  {
    name: 'clock',
    arguments: [],
    options: [
      option('--advance <duration>', 'move it forward by a duration such as 20d', {
        parse: parseDuration,
        conflicts: ['to'],
      }),
      option('--to <time>', 'move it forward to a time such as 2027-01-01T09:00:00Z', {
        parse: parseInstant,
      }),
      json,
    ],
    description:
      'show the clock of the local stack, or move it forward: timers, deliveries and deadlines follow. Never an app in Azure',
    output: z.strictObject({ now: z.string(), aheadSeconds: z.number().int() }),
    run: async (_, options: ClockOptions) => {
      const { clock, dataDirOf } = await import('./clock.js');
      return clock(dataDirOf(process.env), options);
    },
  },
  {
    name: 'commands',
    arguments: [],
    options: [json],
    description: 'list all commands; with --json their arguments, options and output shapes',
    output: z.strictObject({ commands: z.array(CommandDescription) }),
    run: (_, options: Json) => {
      const described = commands.map(describeCommand);
      print({ commands: described }, options.json, () =>
        tableOf(
          ['command', 'what it does'],
          described.map(({ usage, description }) => [usage, description]),
        ),
      );
      return Promise.resolve();
    },
  },
];
