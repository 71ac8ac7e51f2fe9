import { integerOption, runTool } from '../../../infra/command-line';
import { runDifferences } from './differences';

const usage = `Plants differences of all kinds between what people should have and what they have, drawn from a seed, and lets
the reconciliation run twice. Exits 1 unless the first run names exactly those and repairs what the model permits, and
the second finds only what is left to people. Prints what the runs needed; memory needs Linux.

usage: npm run differences -- [--people <n>] [--packages <n>] [--differences <n>] [--seed <x>]`;

void runTool({
  usage,
  options: {
    people: { type: 'string', default: '5000' },
    packages: { type: 'string', default: '40' },
    differences: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
  read: ({ people, packages, differences, seed }) => ({
    people: integerOption('--people', people, 50),
    packages: integerOption('--packages', packages, 6, 100),
    differences: integerOption('--differences', differences, 14),
    seed: integerOption('--seed', seed, 0),
  }),
  run: async (size) => {
    console.log(JSON.stringify(size));
    const { faults, found, repaired, runs } = await runDifferences({ ...size, print: console.log });
    console.log(`found ${JSON.stringify(found)}, repaired ${repaired}`);
    for (const run of runs) console.log(JSON.stringify(run));
    for (const fault of faults.slice(0, 50)) console.log(`  ${fault}`);
    console.log(`${faults.length} deviations; seed ${size.seed}`);
    return faults.length > 0 ? 1 : 0;
  },
});
