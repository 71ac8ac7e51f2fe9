import fc from 'fast-check';
import type { Case } from './sent';
import { validEvent } from './valid-event';

type Damage = (body: Uint8Array) => Uint8Array;

const spliced =
  (at: number, length: number, more: Uint8Array): Damage =>
  (body) => {
    const place = at % (body.length + 1);
    return Buffer.concat([body.subarray(0, place), more, body.subarray(place + length)]);
  };
const meaningful = fc
  .constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', '0', '-', '.', 'e', 'null', '\\u0000', ' ')
  .map((text) => Buffer.from(text));
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => spliced(at, 1, Uint8Array.of(byte))),
  fc.tuple(fc.nat(), fc.nat(1), meaningful).map(([at, length, more]) => spliced(at, length, more)),
  fc.tuple(fc.nat(), fc.nat(30)).map(([at, length]) => spliced(at, length, new Uint8Array())),
  fc.tuple(fc.nat(), fc.nat(), fc.nat(60)).map(([at, from, length]): Damage => (body) => {
    const start = from % (body.length + 1);
    return spliced(at, 0, body.subarray(start, start + length))(body);
  }),
);

const hit = fc
  .tuple(validEvent, fc.array(damage, { minLength: 1, maxLength: 4 }))
  .map(([{ sent }, damages]) =>
    damages.reduce<Uint8Array>((body, act) => act(body), Buffer.from(JSON.stringify(sent))),
  );

/** Bodies hurt at random, and noise: nobody knows beforehand what must come of them. */
export const damaged: fc.Arbitrary<Case> = fc
  .oneof(
    { weight: 8, arbitrary: hit },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 1, arbitrary: fc.json().map((text) => Buffer.from(text)) },
  )
  .map((body) => ({
    family: 'damage and noise',
    changes: [],
    body,
    expected: { kind: 'open' },
    planted: [],
  }));
