import { randomInt } from 'node:crypto';
import { runFuzz } from './run-fuzz';
import { sampleOf, throughStack } from './on-stack';

const seed = Number(process.env['JOINERY_SEED'] ?? randomInt(2 ** 31));

test('refused bodies leave a rejected row and a dead letter each, and Graph hears nothing', async () => {
  const sample = sampleOf(30);
  const { failure } = runFuzz({ events: 500, seed, watch: (one) => sample.see(one) });
  const report = await throughStack(sample.cases());
  expect({ seed, failure, ...report }).toEqual({
    ...{ seed, failure: undefined, bodies: 30, deadLetters: 30, rejectedRows: 30 },
    ...{ otherRows: 0, graphCalls: 0, wrong: [] },
  });
});
