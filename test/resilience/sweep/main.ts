import { parseArgs } from 'node:util';
import { runScenario, type SweepResult } from './run-scenario';
import { scenarios, type Scenario } from './scenarios';

const usage = `Kills the host at every outside call of one event, before the call leaves and after its answer is lost,
starts it again and checks every invariant. Exits 1 if one is violated, or if a point was never reached.

usage: npm run sweep -- [options]

  --scenario <words>  only the scenarios whose name has these words:
                      ${scenarios.map(({ name }) => name).join(', ')}
  --lanes <n>         local stacks that work side by side, 1 to 8 (3)
  --json              print the results as JSON and nothing else; progress goes to stderr
  --help              print this`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      scenario: { type: 'string', default: '' },
      lanes: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const tell = values.json ? console.error : console.log;
  const options = { lanes: lanesOf(values.lanes), tell };
  const results: SweepResult[] = [];
  for (const scenario of chosen(values.scenario)) {
    const result = await runScenario(scenario, options);
    tell(summaryOf(result));
    results.push(result);
  }
  if (values.json) console.log(JSON.stringify(results, null, 2));
  process.exitCode = results.every(isWell) ? 0 : 1;
}

const isWell = ({ points, hit, passed }: SweepResult): boolean =>
  hit === points && passed === points;

const summaryOf = ({ scenario, calls, points, hit, passed, seconds, failed }: SweepResult) =>
  [
    `${scenario}: ${calls} calls recorded, ${points} crash points, ${hit} hit, ${passed} passed; ${seconds} s`,
    ...failed.map(({ point }) => `  failed: ${point}`),
  ].join('\n');

function chosen(words: string): Scenario[] {
  const some = scenarios.filter(({ name }) => name.includes(words));
  if (some.length === 0) throw new Error(`no scenario has "${words}" in its name\n\n${usage}`);
  return some;
}

function lanesOf(text: string): number {
  if (!/^[1-8]$/.test(text)) throw new Error(`--lanes takes a number from 1 to 8\n\n${usage}`);
  return Number(text);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
