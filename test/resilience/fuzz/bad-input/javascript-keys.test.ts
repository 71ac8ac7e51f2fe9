import { bytes } from '../../../unit/domain/sample';
import { reasons, text, verdict, withAttributes, withData, withMember, withText } from './bodies';
import { readIt } from '../judge';

test.each(['__proto__', 'constructor', 'prototype', '\\u005f_proto__'])(
  '%s is refused as a key at any level',
  (key) => {
    const member = `"${key}":{"isAdmin":true}`;
    const bodies = [
      withText(member),
      withText(`"x":{"roles":[1,2,{${member}}]}`),
      text.replace('"data":{', `"data":{${member},`),
    ];
    expect(
      reasons([...bodies, text.replace('"attributes":{', `"attributes":{"${key}":"x",`)]),
    ).toEqual(['forbidden-key']);
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  },
);

test('other names of JavaScript are names like any other', () => {
  const names = {
    hasOwnProperty: 'a',
    __defineGetter__: 'b',
    toString: 'c',
    then: 'd',
    toJSON: 'e',
    length: 'f',
  };
  const read = readIt(bytes(withAttributes(names)));
  expect(read.kind === 'accepted' && read.event.data.attributes).toEqual(names);
  expect(verdict(withMember(names))).toBe('accepted');
});

test('as values they are texts like any other, in ids too', () => {
  for (const value of [
    '__proto__',
    'constructor',
    'null',
    'undefined',
    'NaN',
    'true',
    'CON',
    '.',
    '..',
    '--',
  ]) {
    const read = readIt(
      bytes({ ...withData({ workerId: value, attributes: { a: value } }), id: value }),
    );
    expect(read).toMatchObject({
      event: { id: value, data: { workerId: value, attributes: { a: value } } },
    });
  }
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});
