import { randomInt } from 'node:crypto';
import { runChaos } from './chaos/chaos';
import { messagesOf } from './chaos/messages';
import { scheduleOf } from './chaos/schedule';

const seed = Number(process.env['JOINERY_SEED'] ?? randomInt(2 ** 31));

test('the same seed gives the same faults, and another seed gives others', () => {
  expect(scheduleOf(60, 7)).toEqual(scheduleOf(60, 7));
  expect(scheduleOf(60, 8)).not.toEqual(scheduleOf(60, 7));
});

test('a long run kills and freezes host and bus, and every dependency has every fault', () => {
  const { processFaults, callFaults } = scheduleOf(600, 1);
  const hits = processFaults.map(({ part, kind }) => `${kind} ${part}`);
  for (const hit of ['kill host', 'kill service-bus', 'freeze host', 'freeze service-bus']) {
    expect(hits.filter((one) => one === hit).length).toBeGreaterThanOrEqual(12);
  }
  expect(new Set(callFaults.map(({ to, fault }) => `${fault.kind} ${to}`)).size).toBe(21);
});

test('the events of a run are of all six types, and the same seed gives the same ones', () => {
  const { sent, ends } = messagesOf(200, 7);
  const types = sent.flatMap(({ expect, body }) =>
    expect === 'accepted' ? (JSON.parse(body.toString()) as { type: string }).type : [],
  );
  const kinds = ['joined', 'moved', 'left', 'corrected', 'rescinded', 'snapshot'];
  expect(types).toHaveLength(200);
  expect(new Set(types)).toEqual(new Set(kinds.map((kind) => `hr.worker.${kind}.v1`)));
  expect(messagesOf(200, 7)).toMatchObject({ sent, ends });
  expect(messagesOf(200, 8).sent).not.toEqual(sent);
});

test('200 events survive a minute of kills, freezes, cuts and garbled answers', async () => {
  const lines: string[] = [`JOINERY_SEED=${seed}`];
  const options = { events: 200, seconds: 50, seed, print: (line: string) => lines.push(line) };
  const result = await runChaos(options).finally(() => console.log(lines.join('\n')));
  expect(result.faults).toEqual([]);
  expect(result.kills).toBeGreaterThanOrEqual(20);
  expect(result.freezes).toBeGreaterThanOrEqual(4);
  expect(result.accepted).toBe(200);
  const { delivered = 0, revoked = 0, rescinded = 0 } = result.outcomes;
  expect([delivered, revoked, rescinded].every((count) => count > 0)).toBe(true);
  const bad = ['failed', 'timed-out', 'denied', 'terminated', 'no-identity'];
  expect(Object.keys(result.outcomes).filter((outcome) => bad.includes(outcome))).toEqual([]);
}, 240_000);
