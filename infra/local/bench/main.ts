import { runTool, integerOption } from '../../command-line';
import { TenantLimit } from '../graph/http/tenant-limits';
import { compareBuilds, printedComparison } from './compare';
import type { Delivery } from './load';
import { printed } from './report';
import { bench, type Size } from './run';

/** So many let the processes compile their code. */
const WARM_UPS = 400;

const usage = `Sends joiners through the bus of a temporary local stack, all at once, and measures until their closing rows exist.
Beside the host runs a baseline: a plain script that makes the same Graph calls and table writes without bus, host or
history, on the same simulator and Azurite. It runs twice: measured from its first call (fresh), and measured after it
has served ${WARM_UPS} others, as the host has (warmed). Needs Linux. Exits 1 if a joiner is not delivered.

usage: npm run bench -- [--joiners <n>] [--packages <n>] [--tenant-limit <limit>] [--delivery <from>-<to>] [--behind]
                        [--warm-ups <n>] [--json]
       npm run bench -- [--joiners <n>] [--json] --compare <dir> [--rounds <n>]
  --joiners <n>    measured joiners (500)
  --packages <n>   packages that each of them gets, 1 to 3 (1)
  --tenant-limit <limit>
                   on: Graph throttles the measured joiners by its published limits; x<n>: by n times as much; off (off).
                   The baselines know no 429, so they always run without
  --delivery <from>-<to>
                   seconds that Entra takes to deliver a request, evenly spread (0.3 for each)
  --behind         the measured joiners start in a week, and behind them are sent somebody who starts today and somebody
                   whose employment has ended at once
  --warm-ups <n>   joiners before the measured ones, 10 at least (${WARM_UPS})
  --compare <dir>  run the bench of another build in turn with this one (that one, this one, that one, ...), and print
                   the medians of both and their ratio. <dir> has the other build's package.json and node_modules; its
                   bench must take --joiners and --json
  --rounds <n>     runs of each build for --compare (3)
  --json           print all figures as JSON`;

type Command = { size: Size; compare: string | undefined; rounds: number; json: boolean };

async function run({ size, compare, rounds, json }: Command): Promise<number> {
  const { joiners } = size;
  if (compare !== undefined) {
    const comparison = await compareBuilds(compare, joiners, rounds, console.error);
    console.log(json ? JSON.stringify(comparison, null, 2) : printedComparison(comparison));
    return 0;
  }
  const report = await bench(size);
  console.log(json ? JSON.stringify(report, null, 2) : printed(report));
  return report.outcomes['delivered'] === joiners ? 0 : 1;
}

function deliveryOf(text: string): Delivery {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined || Number(from) > Number(to))
    throw new Error('--delivery must be two numbers of seconds, such as 10-60');
  return { from: Number(from), to: Number(to) };
}

void runTool({
  usage,
  options: {
    joiners: { type: 'string', default: '500' },
    packages: { type: 'string', default: '1' },
    'tenant-limit': { type: 'string', default: 'off' },
    delivery: { type: 'string' },
    behind: { type: 'boolean', default: false },
    'warm-ups': { type: 'string' },
    compare: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  read: ({ joiners, packages, 'tenant-limit': tenantLimit, delivery, behind, ...others }) => {
    const { compare, rounds, json, 'warm-ups': warmUps } = others;
    if (rounds !== undefined && compare === undefined) throw new Error('--rounds needs --compare');
    const isPlain =
      packages === '1' &&
      tenantLimit === 'off' &&
      [delivery, warmUps].every((given) => given === undefined) &&
      !behind;
    // Another build may not know them.
    if (compare !== undefined && !isPlain)
      throw new Error(
        '--compare compares without --packages, --tenant-limit, --delivery, --behind and --warm-ups',
      );
    if (!TenantLimit.safeParse(tenantLimit).success)
      throw new Error('--tenant-limit must be on, off or x<number>, such as x10');
    return {
      size: {
        joiners: integerOption('--joiners', joiners, 1, 100_000),
        packages: integerOption('--packages', packages, 1, 3),
        ...{ tenantLimit, behind },
        warmUps: integerOption('--warm-ups', warmUps ?? `${WARM_UPS}`, 10, 100_000),
        ...(delivery !== undefined && { delivery: deliveryOf(delivery) }),
      },
      compare,
      rounds: integerOption('--rounds', rounds ?? '3', 1, 100),
      json,
    };
  },
  run,
});
