import { randomInt } from 'node:crypto';
import { printed } from './report';
import { runFuzz } from './run-fuzz';

const seed = Number(process.env['JOINERY_SEED'] ?? randomInt(2 ** 31));

test('5,000 bodies, sound and broken, are answered as the contract says, none for 5 ms of CPU', () => {
  const prototypes = [Object.prototype, Array.prototype, String.prototype].map(membersOf);
  const report = runFuzz({ events: 5000, seed });
  if (report.failure) throw new Error(printed(report));
  expect(report.events).toBe(5000);
  expect([Object.prototype, Array.prototype, String.prototype].map(membersOf)).toEqual(prototypes);
});

const membersOf = (value: object) => Object.getOwnPropertyNames(value);

test('the same seed makes the same bodies, another seed others', () => {
  const bodiesOf = (seed: number): string[] => {
    const bodies: string[] = [];
    runFuzz({
      events: 50,
      seed,
      watch: ({ body }) => bodies.push(Buffer.from(body).toString('hex')),
    });
    return bodies;
  };
  expect(bodiesOf(7)).toEqual(bodiesOf(7));
  expect(bodiesOf(8)).not.toEqual(bodiesOf(7));
});
