import { randomInt } from 'node:crypto';
import { runChaos } from './chaos/chaos';
import { scheduleOf } from './chaos/schedule';

const seed = Number(process.env['JOINERY_SEED'] ?? randomInt(2 ** 31));

test('the faults of a run repeat from its seed, and another seed has others', () => {
  expect(scheduleOf(60, 7)).toEqual(scheduleOf(60, 7));
  expect(scheduleOf(60, 8)).not.toEqual(scheduleOf(60, 7));
});

test('a long run kills at least every ten seconds', () => {
  const kills = scheduleOf(600, 1).blows.filter(({ kind }) => kind === 'kill');
  expect(kills.length).toBeGreaterThanOrEqual(60);
});

test('events survive a quarter of a minute of kills, freezes, cuts and garbled answers', async () => {
  const story: string[] = [`JOINERY_SEED=${seed}`];
  const options = { events: 60, seconds: 15, seed, tell: (line: string) => story.push(line) };
  const { faults } = await runChaos(options).finally(() => console.log(story.join('\n')));
  expect(faults).toEqual([]);
}, 240_000);
