import { bodyHash, eventHash } from '../../../shared/domain/events/keys';
import {
  readOperatorRequest,
  recheckMessage,
  replayIdOf,
  replayMessage,
} from '../../../shared/domain/events/operator-request';

const SOURCE = 'urn:hr:acme:workday';
const NOW = new Date('2026-11-20T09:30:00Z');
const rules = { sources: [SOURCE] };
const closed = { eventSource: SOURCE, eventId: 'e-1', attempt: 2 };
const who = { by: 'alice', reason: 'INC-1' };

const message = () => replayMessage(closed, who, NOW);

type Message = Record<string, unknown> & { data: Record<string, unknown> };
function changed(change: (message: Message) => object): Uint8Array {
  const read = JSON.parse(Buffer.from(message()).toString()) as Message;
  return Buffer.from(JSON.stringify(change(read)));
}

test('what is written is read as the same request, with the hashes of its event and body', () => {
  const body = message();
  const hash = eventHash(SOURCE, 'e-1');
  expect(readOperatorRequest(body, rules)).toEqual({
    kind: 'replay',
    ...closed,
    eventHash: hash,
    bodyHash: bodyHash(body),
    marks: { id: replayIdOf(hash, 2), ...who },
  });
});

test('two people who ask for the attempt after the same one ask for the same replay', () => {
  const idOf = (body: Uint8Array) => {
    const request = readOperatorRequest(body, rules);
    return request?.kind === 'replay' ? request.marks.id : undefined;
  };
  const other = replayMessage(closed, { by: 'bob', reason: 'INC-2' }, new Date());
  expect(idOf(other)).toBe(idOf(message()));
  const next = replayMessage({ ...closed, attempt: 3 }, who, NOW);
  expect(idOf(next)).not.toBe(idOf(message()));
});

test('a message that asks to look at a person again names only the id of its event', () => {
  const body = recheckMessage('r-1', NOW);
  expect(readOperatorRequest(body, rules)).toEqual({
    ...{
      kind: 'own',
      source: 'urn:joinery:recheck',
      eventId: 'r-1',
      eventSource: 'urn:joinery:recheck',
    },
    ...{ eventHash: eventHash('urn:joinery:recheck', 'r-1'), bodyHash: bodyHash(body) },
  });
  const other = Buffer.from(Buffer.from(body).toString().replace('"1.0"', '"1.1"'));
  expect(readOperatorRequest(other, rules)).toBeUndefined();
});

test('the longest source and ids fit', () => {
  const eventSource = `urn:hr:${'s'.repeat(505)}`;
  const long = { by: 'b'.repeat(64), reason: 'r'.repeat(64) };
  const body = replayMessage({ eventSource, eventId: 'e'.repeat(64), attempt: 100 }, long, NOW);
  expect(readOperatorRequest(body, { sources: [eventSource] })).toMatchObject({ eventSource });
});

test.each<[string, () => Uint8Array]>([
  [
    'names a source that is not allowed',
    () => replayMessage({ ...closed, eventSource: 'urn:x' }, who, NOW),
  ],
  [
    'names no attempt',
    () => changed(({ data, ...rest }) => ({ ...rest, data: { ...data, attempt: 0 } })),
  ],
  ['says nobody who asks', () => changed((one) => ({ ...one, replayedby: undefined }))],
  [
    'says no reason that is a code',
    () => changed((one) => ({ ...one, replayreason: 'it is late' })),
  ],
  ['is of another source', () => changed((one) => ({ ...one, source: SOURCE }))],
  [
    'only mentions the type',
    () => changed((one) => ({ ...one, type: 'x', subject: 'joinery.replay.v1' })),
  ],
  ['is too long', () => changed((one) => ({ ...one, note: 'x'.repeat(2048) }))],
  ['ends early', () => message().subarray(0, -1)],
])('a message that %s is no request, so that it is read as an event', (_, body) => {
  expect(readOperatorRequest(body(), rules)).toBeUndefined();
});
