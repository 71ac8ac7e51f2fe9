import { parseArgs } from 'node:util';
import { runChaos } from './chaos';

const usage = `Sends events while the host and the bus are killed and frozen and calls to bus, tables and Graph are cut,
delayed and garbled, all at random from a seed; then checks every invariant. Exits 1 if one is violated.

usage: npm run chaos -- [--events <n>] [--seconds <s>] [--seed <x>]`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const [events, seconds, seed] = [values.events, values.seconds, values.seed].map(Number);
  if (!(Number(events) > 0 && Number(seconds) > 0 && Number(seed) >= 0))
    throw new Error('--events and --seconds take a number above 0, --seed one from 0');
  const options = { events: Number(events), seconds: Number(seconds), seed: Number(seed) };
  console.log(`events ${options.events}, seconds ${options.seconds}, seed ${options.seed}`);
  try {
    const { kills, freezes, callFaults, faults, ...result } = await runChaos({
      ...options,
      print: console.log,
    });
    console.log(`${kills} kills, ${freezes} freezes, ${callFaults} periods of failing calls`);
    const ends = Object.entries(result.outcomes).map(([outcome, count]) => `${count} ${outcome}`);
    console.log(
      `${result.accepted} events accepted (${ends.join(', ')}), ${result.refused} refused`,
    );
    for (const fault of faults.slice(0, 50)) console.log(`  ${fault}`);
    console.log(`${faults.length} violations; seed ${options.seed}`);
    process.exitCode = faults.length > 0 ? 1 : 0;
  } catch (error) {
    throw new Error(`the run failed; seed ${options.seed}`, { cause: error });
  }
}

/** A failed run is reported with the stack of its cause, a wrong option with its message only. */
const messageOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? `${message}\n${cause.stack ?? cause.message}` : message;

main().catch((error: unknown) => {
  console.error(error instanceof Error ? messageOf(error) : String(error));
  process.exitCode = 1;
});
