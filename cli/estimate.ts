import { z } from 'zod';
import { estimateBulk, WRITES_PER_SECOND_OF_PROD } from '../shared/reports/estimate';
import {
  json,
  option,
  parseDuration,
  parsePositiveInteger,
  parsePositiveNumber,
  type CommandDefinition,
  type Json,
} from './command';
import { counted, print } from './print';

type EstimateOptions = Json & {
  people: number;
  packages: number;
  rate: number;
  delivery: number;
  quota: number;
};

const TOO_FAST = `  more writes a second than the instances of prod are expected to make (${WRITES_PER_SECOND_OF_PROD}): it takes longer, unless the stage has more of them`;
const TOO_MANY =
  '  more than the tenant may make in three months: what is over is refused. Spread it, or raise the quota (--quota)';

export const estimateCommand: CommandDefinition = {
  name: 'estimate',
  arguments: [],
  options: [
    option('--people <n>', 'how many people get access at once', {
      parse: parsePositiveInteger,
      required: true,
    }),
    option('--packages <n>', 'how many packages each of them gets', {
      parse: parsePositiveInteger,
      default: 1,
    }),
    option('--rate <n>', 'writes to Graph a second, as GRAPH_WRITE_RATE of the app says', {
      parse: parsePositiveNumber,
      default: 20,
    }),
    option('--delivery <duration>', 'how long Entra takes to deliver one request', {
      parse: parseDuration,
      default: 60,
      defaultText: '1m',
    }),
    option('--quota <n>', 'requests that the tenant may make in three months', {
      parse: parsePositiveInteger,
      default: 200_000,
    }),
    json,
  ],
  description:
    'tell how many minutes it takes until so many people have their access, and what it costs in calls to Graph',
  output: z.strictObject({
    requests: z.number(),
    submitMinutes: z.number(),
    minutes: z.number(),
    graphCalls: z.number(),
    percentOfQuarter: z.number(),
  }),
  run: (_, { json: asJson, ...options }: EstimateOptions) => {
    const { people, packages, rate, delivery, quota } = options;
    const estimate = estimateBulk({
      ...{ people, packages, writesPerSecond: rate },
      ...{ deliverySeconds: delivery, requestsPerQuarter: quota },
    });
    print(estimate, asJson, ({ requests, submitMinutes, minutes, graphCalls, percentOfQuarter }) =>
      [
        `${counted(people, 'person', 'people')} with ${packages === 1 ? 'one package' : `${packages} packages`} each: about ${minutes} minutes`,
        submitMinutes === 0
          ? `  ${counted(requests, 'request')}, all made at once`
          : `  ${requests} requests, of which the last is made after ${submitMinutes} minutes at ${rate} writes a second`,
        `  about ${graphCalls} calls to Graph; ${percentOfQuarter} % of the requests of three months`,
        ...(rate > WRITES_PER_SECOND_OF_PROD ? [TOO_FAST] : []),
        ...(percentOfQuarter > 100 ? [TOO_MANY] : []),
      ].join('\n'),
    );
    return Promise.resolve();
  },
};
