import { randomInt } from 'node:crypto';
import { sampleOf, throughStack } from './on-stack';
import { formatReport, runFuzz } from './run-fuzz';

const seed = Number(process.env['JOINERY_SEED'] ?? randomInt(2 ** 31));

test('5,000 valid and invalid bodies are answered as the contract says, each in less than 5 ms of CPU, or 30 with many spans', () => {
  const prototypes = [Object.prototype, Array.prototype, String.prototype].map(membersOf);
  const report = runFuzz({ events: 5000, seed });
  if (report.failure) throw new Error(formatReport(report));
  expect(report.events).toBe(5000);
  expect([Object.prototype, Array.prototype, String.prototype].map(membersOf)).toEqual(prototypes);
});

const membersOf = (value: object) => Object.getOwnPropertyNames(value);

test('the same seed gives the same bodies, and another seed gives others', () => {
  const bodiesOf = (seed: number): string[] => {
    const bodies: string[] = [];
    runFuzz({
      events: 50,
      seed,
      onCase: ({ body }) => bodies.push(Buffer.from(body).toString('hex')),
    });
    return bodies;
  };
  expect(bodiesOf(7)).toEqual(bodiesOf(7));
  expect(bodiesOf(8)).not.toEqual(bodiesOf(7));
});

test('rejected bodies leave one rejected row and one dead letter each, and no call to Graph', async () => {
  const sample = sampleOf(30);
  const { failure } = runFuzz({ events: 500, seed, onCase: (one) => sample.add(one) });
  const report = await throughStack(sample.cases());
  expect({ seed, failure, ...report }).toEqual({
    ...{ seed, failure: undefined, bodies: 30, deadLetters: 30, rejectedRows: 30 },
    ...{ otherRows: 0, graphCalls: 0, wrong: [] },
  });
});
