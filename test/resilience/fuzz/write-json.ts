import type { Chance } from '../seeded';

/** A JSON value as some writer of JSON may have written it: any order, white space and escapes that mean the same. */
export function writeJson(value: unknown, chance: Chance): string {
  if (Array.isArray(value)) return `[${list(value, (item) => writeJson(item, chance), chance)}]`;
  if (typeof value === 'object' && value !== null) {
    const members = shuffled(Object.entries(value), chance).filter(([, one]) => one !== undefined);
    const member = ([key, one]: [string, unknown]): string =>
      `${writeText(key, chance)}${space(chance)}:${space(chance)}${writeJson(one, chance)}`;
    return `{${list(members, member, chance)}}`;
  }
  if (typeof value === 'string') return writeText(value, chance);
  return JSON.stringify(value);
}

const list = <T>(items: readonly T[], write: (item: T) => string, chance: Chance): string =>
  items.map((item) => space(chance) + write(item) + space(chance)).join(',') || space(chance);

const space = (chance: Chance): string =>
  chance.next() < 0.8 ? '' : chance.pick([' ', '\n', '\r\n', '\t', '  \n  ']);

function shuffled<T>(items: T[], chance: Chance): T[] {
  return items
    .map((item) => ({ item, drawn: chance.next() }))
    .toSorted((one, other) => one.drawn - other.drawn)
    .map(({ item }) => item);
}

const SHORT = new Map([
  ['/', '\\/'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\t', '\\t'],
]);

/** Code unit by code unit, so that a pair of surrogates may be written as two escapes, or one of them not at all. */
function writeText(text: string, chance: Chance): string {
  const pieces = Array.from(text, (character) => {
    if (chance.next() < 0.95) return JSON.stringify(character).slice(1, -1);
    return SHORT.get(character) ?? escaped(character, chance);
  });
  return `"${pieces.join('')}"`;
}

const escaped = (character: string, chance: Chance): string =>
  character
    .split('')
    .map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
    .map((hex) => `\\u${chance.next() < 0.5 ? hex : hex.toUpperCase()}`)
    .join('');
