import { integerOption, runTool } from '../../../infra/command-line';
import { measureReport } from './report';
import { measureScale } from './scale';

const usage = `Lets a run of the reconciliation compare so many people on a local stack, and prints what the app needed: memory, calls
to Graph, time. With --events, measures "joinery report completeness" of so many events instead: memory, time. Needs Linux.

usage: npm run scale -- [--people <n> | --events <n>]`;

void runTool({
  usage,
  options: { people: { type: 'string', default: '5000' }, events: { type: 'string' } },
  read: ({ people, events }) => ({
    people: integerOption('--people', people, 1000, 200_000),
    events: events === undefined ? undefined : integerOption('--events', events, 1, 200_000),
  }),
  run: async ({ people, events }) => {
    const figures =
      events === undefined
        ? await measureScale(people, console.log)
        : await measureReport(events, console.log);
    console.log(JSON.stringify(figures));
    return 0;
  },
});
