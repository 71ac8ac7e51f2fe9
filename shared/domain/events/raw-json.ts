/** A fault of JSON text, whatever its content. */
export type JsonFault = {
  reason: 'not-json' | 'too-deep' | 'duplicate-key' | 'forbidden-key' | 'lone-surrogate';
  /** Offset in the text, in UTF-16 code units. */
  at: number;
  /** The keys on the path to it; an index of an array is `*`, and its number in an inspection. */
  path: readonly string[];
};
export type JsonReading = { kind: 'value'; value: unknown } | { kind: 'fault'; fault: JsonFault };

/**
 * All that is wrong with a JSON text, up to the first place where it cannot be read further, and where each member begins
 * (the offset of its key) and each item of a list, by `placeKey` of its path.
 */
export type JsonInspection = { faults: JsonFault[]; places: Map<string, number>; value?: unknown };

/** The key of a path in `places`. */
export const placeKey = (path: readonly PropertyKey[]): string => path.map(String).join('\u0000');

/**
 * What the caller needs: all, members by name (`{}` is a scalar), so many scalars of any name, or a list of so many items.
 * The rest is checked but not built, so that 20,000 empty objects cost a scan and no memory.
 */
export type Keep = 'all' | number | List | Members;
type List = readonly [item: Keep, most: number];

type Cursor = {
  readonly text: string;
  readonly maxDepth: number;
  at: number;
  depth: number;
  path: string[];
  notes?: JsonInspection;
};

/** Carries a fault out of nested calls; never leaves this file. */
class FaultFound extends Error {
  readonly fault: JsonFault;
  constructor(fault: JsonFault) {
    super(fault.reason);
    this.fault = fault;
  }
}

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const SHORTEST_FORBIDDEN = 9;
const FEW = 8;
const LONE_SURROGATE = /\p{Surrogate}/u;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERALS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const parse: (text: string) => unknown = JSON.parse;
const [SPACE, QUOTE, BACKSLASH] = [0x20, 0x22, 0x5c];

const bare = () => Object.create(null) as Record<string, unknown>;
const UNKEPT = bare();

/**
 * Reads JSON text (RFC 8259) in one pass, in time linear in its length. Also refuses what JSON.parse accepts: a key twice
 * in one object, a key with a meaning in JavaScript, half a surrogate pair, nesting beyond `maxDepth` objects and arrays.
 * Objects have no prototype.
 */
export function readJson(text: string, maxDepth: number, keep: Keep = 'all'): JsonReading {
  const cursor: Cursor = { text, maxDepth, at: 0, depth: 0, path: [] };
  try {
    const value = readValue(cursor, keep);
    return peek(cursor) === '' ? { kind: 'value', value } : fail(cursor, 'not-json');
  } catch (error) {
    if (error instanceof FaultFound) return { kind: 'fault', fault: error.fault };
    throw error;
  }
}

/** Reads as `readJson` does, for a person who corrects the text: reports every fault, and where the members are. */
export function inspectJson(text: string, maxDepth: number): JsonInspection {
  const notes: JsonInspection = { faults: [], places: new Map() };
  const cursor: Cursor = { text, maxDepth, at: 0, depth: 0, path: [], notes };
  try {
    const value = readValue(cursor, 'all');
    if (peek(cursor) !== '') fail(cursor, 'not-json');
    return { ...notes, value };
  } catch (error) {
    if (!(error instanceof FaultFound)) throw error;
    return { ...notes, faults: [...notes.faults, error.fault] };
  }
}

function readValue(cursor: Cursor, keep: Keep | undefined): unknown {
  const first = peek(cursor);
  if (first === '"') return readString(cursor);
  if (first !== '{' && first !== '[') return readScalar(cursor);
  if (cursor.depth === cursor.maxDepth) return fail(cursor, 'too-deep');
  cursor.depth += 1;
  cursor.at += 1;
  const value = first === '{' ? readObject(cursor, keep) : readArray(cursor, keep);
  cursor.depth -= 1;
  return value;
}

function readObject(cursor: Cursor, wanted: Keep | undefined): object {
  const keep = wanted === undefined || isList(wanted) ? undefined : wanted;
  const members = keep === undefined ? UNKEPT : bare();
  const named = typeof keep === 'object' ? membersOf(keep) : undefined;
  if (take(cursor, '}')) return members;
  // Hashing a key costs more than reading it, and most objects have few: a set is only for those that have many.
  const few: string[] = [];
  let many: Set<string> | undefined;
  do {
    const at = startOfKey(cursor);
    const key = readString(cursor);
    const isForbidden = key.length >= SHORTEST_FORBIDDEN && FORBIDDEN.has(key);
    if (isForbidden) report(cursor, 'forbidden-key', at);
    if (many?.has(key) ?? few.includes(key)) {
      cursor.path.push(key);
      report(cursor, 'duplicate-key', at);
      cursor.path.pop();
    }
    if (!take(cursor, ':')) return fail(cursor, 'not-json');
    const kept = isForbidden ? undefined : keepOf(keep, named, key, many?.size ?? few.length);
    if (many) many.add(key);
    else if (few.push(key) === FEW) many = new Set(few);
    cursor.path.push(key);
    cursor.notes?.places.set(placeKey(cursor.path), at);
    const value = readValue(cursor, kept);
    if (kept !== undefined) members[key] = value;
    cursor.path.pop();
  } while (take(cursor, ','));
  return take(cursor, '}') ? members : fail(cursor, 'not-json');
}

function startOfKey(cursor: Cursor): number {
  return peek(cursor) === '"' ? cursor.at : fail(cursor, 'not-json');
}

function readArray(cursor: Cursor, keep: Keep | undefined): object {
  const items: unknown[] = [];
  if (take(cursor, ']')) return items;
  const list = keep !== undefined && isList(keep) ? keep : undefined;
  const kept = keep === 'all' ? keep : list?.[0];
  cursor.path.push('*');
  let index = 0;
  do {
    if (cursor.notes) notePlace(cursor, cursor.notes, index);
    const isKept = kept !== undefined && (list === undefined || index < list[1]);
    const item = readValue(cursor, isKept ? kept : undefined);
    if (isKept) items.push(item);
    index += 1;
  } while (take(cursor, ','));
  cursor.path.pop();
  return take(cursor, ']') ? items : fail(cursor, 'not-json');
}

/** A person who corrects the text is told which item is meant. */
function notePlace(cursor: Cursor, { places }: JsonInspection, index: number): void {
  cursor.path[cursor.path.length - 1] = String(index);
  peek(cursor);
  places.set(placeKey(cursor.path), cursor.at);
}

const isList = (keep: Keep): keep is List => Array.isArray(keep);

function keepOf(
  keep: Keep | undefined,
  named: ReadonlyMap<string, Keep> | undefined,
  key: string,
  before: number,
): Keep | undefined {
  if (named) return named.get(key);
  return typeof keep === 'number' ? (before < keep ? {} : undefined) : keep;
}

type Members = { readonly [key: string]: Keep };
const known = new WeakMap<Members, ReadonlyMap<string, Keep>>();

/** As a map: to look for a key that was just read in an object, the engine first has to intern it, which costs thrice as much. */
function membersOf(keep: Members): ReadonlyMap<string, Keep> {
  const members = known.get(keep) ?? new Map(Object.entries(keep));
  known.set(keep, members);
  return members;
}

function readString(cursor: Cursor): string {
  const { text, at: start } = cursor;
  let escaped = false;
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      cursor.at = at + 1;
      return escaped ? unescape(cursor, start) : text.slice(start + 1, at);
    }
    if (code < SPACE) return fail(cursor, 'not-json', at);
    if (code === BACKSLASH) {
      escaped = true;
      at += 1;
    }
  }
  return fail(cursor, 'not-json', text.length);
}

function unescape(cursor: Cursor, start: number): string {
  const literal = cursor.text.slice(start, cursor.at);
  const value = decode(literal);
  if (typeof value !== 'string') return fail(cursor, 'not-json', start);
  // Valid UTF-8 has no half pairs, so only an escape can create one.
  if (literal.includes('\\u') && LONE_SURROGATE.test(value))
    report(cursor, 'lone-surrogate', start);
  return value;
}

function decode(literal: string): unknown {
  try {
    return parse(literal);
  } catch {
    return undefined;
  }
}

function readScalar(cursor: Cursor): unknown {
  const { text, at } = cursor;
  NUMBER.lastIndex = at;
  if (NUMBER.test(text)) {
    cursor.at = NUMBER.lastIndex;
    return +text.slice(at, cursor.at);
  }
  for (const [name, value] of LITERALS) {
    if (text.startsWith(name, at)) {
      cursor.at += name.length;
      return value;
    }
  }
  return fail(cursor, 'not-json');
}

/** The next character that is not white space; an empty string at the end. */
function peek(cursor: Cursor): string {
  for (;;) {
    const character = cursor.text.charAt(cursor.at);
    if (character === '' || character > ' ' || !' \t\n\r'.includes(character)) return character;
    cursor.at += 1;
  }
}

function take(cursor: Cursor, character: string): boolean {
  const found = peek(cursor) === character;
  if (found) cursor.at += 1;
  return found;
}

/** A fault after which reading can go on: it ends the reading unless all faults are wanted. */
function report(cursor: Cursor, reason: JsonFault['reason'], at: number): void {
  if (!cursor.notes) throw new FaultFound({ reason, at, path: cursor.path });
  cursor.notes.faults.push({ reason, at, path: [...cursor.path] });
}

function fail(cursor: Cursor, reason: JsonFault['reason'], at = cursor.at): never {
  throw new FaultFound({ reason, at, path: cursor.path });
}
