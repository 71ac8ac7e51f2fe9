import { integerOption, runTool } from '../../../infra/command-line';
import { measureScale } from './scale';

const usage = `Lets a run of the reconciliation compare so many people on a local stack, and prints what the app needed: memory, calls
to Graph, time. Needs Linux.

usage: npm run scale -- [--people <n>]`;

void runTool({
  usage,
  options: { people: { type: 'string', default: '5000' } },
  read: ({ people }) => integerOption('--people', people, 1000, 200_000),
  run: async (people) => {
    const figures = await measureScale(people, console.log);
    console.log(JSON.stringify(figures));
    return 0;
  },
});
