import { runTool, integerOption } from '../../../infra/command-line';
import { runChaos } from './chaos';

const usage = `Sends events while the host and the bus are killed and frozen and calls to bus, tables and Graph are cut,
delayed and garbled, all at random from a seed; then checks every invariant. Exits 1 if one is violated.

usage: npm run chaos -- [--events <n>] [--seconds <s>] [--seed <x>]`;

const options = {
  events: { type: 'string', default: '200' },
  seconds: { type: 'string', default: '60' },
  seed: { type: 'string', default: '1' },
} as const;

type Command = { events: number; seconds: number; seed: number };

async function chaos(command: Command): Promise<number> {
  console.log(`events ${command.events}, seconds ${command.seconds}, seed ${command.seed}`);
  try {
    const { kills, freezes, callFaults, faults, ...result } = await runChaos({
      ...command,
      print: console.log,
    });
    console.log(`${kills} kills, ${freezes} freezes, ${callFaults} periods of failing calls`);
    const ends = Object.entries(result.outcomes).map(([outcome, count]) => `${count} ${outcome}`);
    console.log(
      `${result.accepted} events accepted (${ends.join(', ')}), ${result.refused} refused`,
    );
    for (const fault of faults.slice(0, 50)) console.log(`  ${fault}`);
    console.log(`${faults.length} violations; seed ${command.seed}`);
    return faults.length > 0 ? 1 : 0;
  } catch (error) {
    throw new Error(`the run failed; seed ${command.seed}`, { cause: error });
  }
}

/** A failed run is reported with the stack of its cause. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error ? `${message}\n${cause.stack ?? cause.message}` : message;
}

void runTool({
  usage,
  options,
  read: ({ events, seconds, seed }) => ({
    events: integerOption('--events', events, 1),
    seconds: integerOption('--seconds', seconds, 1),
    seed: integerOption('--seed', seed, 0),
  }),
  run: chaos,
  explain,
});
