import { Refusal } from '../refusal';

/**
 * Reads and writes single AMQP 1.0 values without decoding the whole message (OASIS AMQP 1.0, part 1, section 1.6).
 * Every reading function throws a Refusal `amqp:decode-error` on bytes that are not AMQP.
 */

const FIXED_WIDTH = [0, 1, 2, 4, 8, 16];

/** The offset after the value that starts at `at`, with its constructor and descriptor. */
export function endOfValue(buffer: Buffer, at: number): number {
  const code = byteAt(buffer, at);
  if (code === 0x00) return endOfValue(buffer, endOfValue(buffer, at + 1));
  const kind = code >> 4;
  const width = FIXED_WIDTH[kind - 4];
  let end: number;
  if (width !== undefined) end = at + 1 + width;
  else if (kind === 0xa || kind === 0xc || kind === 0xe) end = at + 2 + byteAt(buffer, at + 1);
  else if (kind === 0xb || kind === 0xd || kind === 0xf) end = at + 5 + wordAt(buffer, at + 1);
  else throw malformed(`0x${code.toString(16)} is no type`);
  if (end > buffer.length) throw malformed('a value ends after the message');
  return end;
}

/** The encoded items of an encoded list or map; a map has alternating keys and values. */
export function itemsOf(value: Buffer): Buffer[] {
  const code = byteAt(value, 0);
  if (code === 0x45) return [];
  const small = code === 0xc0 || code === 0xc1;
  if (!small && code !== 0xd0 && code !== 0xd1) throw malformed('a list or map is expected');
  const count = small ? byteAt(value, 2) : wordAt(value, 5);
  const items: Buffer[] = [];
  let at = small ? 3 : 9;
  while (items.length < count) {
    const end = endOfValue(value, at);
    items.push(value.subarray(at, end));
    at = end;
  }
  return items;
}

/** The entries of an encoded map whose keys are strings or symbols; values stay encoded. */
export function entriesOf(map: Buffer): Map<string, Buffer> {
  const items = itemsOf(map);
  const entries = new Map<string, Buffer>();
  for (let at = 0; at + 1 < items.length; at += 2) {
    entries.set(content(items[at] as Buffer).toString('utf8'), items[at + 1] as Buffer);
  }
  return entries;
}

/** The bytes of an encoded binary, string or symbol. */
export function content(value: Buffer): Buffer {
  const kind = byteAt(value, 0) >> 4;
  if (kind === 0xa) return value.subarray(2);
  if (kind === 0xb) return value.subarray(5);
  throw malformed('a string, symbol or binary is expected');
}

/** An encoded unsigned integer, or undefined for null. */
export function unsigned(value: Buffer | undefined): number | undefined {
  if (value === undefined || isNull(value)) return undefined;
  const code = byteAt(value, 0);
  if (code === 0x43 || code === 0x44) return 0;
  if (code === 0x50 || code === 0x52 || code === 0x53) return byteAt(value, 1);
  if (code === 0x60) return value.readUInt16BE(1);
  if (code === 0x70) return wordAt(value, 1);
  if (code === 0x80) return Number(value.readBigUInt64BE(1));
  throw malformed('an unsigned integer is expected');
}

/** An encoded boolean, or undefined for null. */
export function truth(value: Buffer | undefined): boolean | undefined {
  if (value === undefined || isNull(value)) return undefined;
  const code = byteAt(value, 0);
  if (code === 0x41 || code === 0x42) return code === 0x41;
  if (code === 0x56) return byteAt(value, 1) === 1;
  throw malformed('a boolean is expected');
}

/** An encoded timestamp in milliseconds since 1970, or undefined for null. */
export function time(value: Buffer | undefined): number | undefined {
  if (value === undefined || isNull(value)) return undefined;
  if (byteAt(value, 0) !== 0x83) throw malformed('a timestamp is expected');
  return Number(value.readBigInt64BE(1));
}

export function isNull(value: Buffer): boolean {
  return value[0] === 0x40;
}

export function malformed(why: string): Refusal {
  return new Refusal('amqp:decode-error', `The message is not well-formed AMQP: ${why}.`, 400);
}

function byteAt(buffer: Buffer, at: number): number {
  const byte = buffer[at];
  if (byte === undefined) throw malformed('it ends too early');
  return byte;
}

function wordAt(buffer: Buffer, at: number): number {
  if (at + 4 > buffer.length) throw malformed('it ends too early');
  return buffer.readUInt32BE(at);
}

const bytes = (...values: number[]): Buffer => Buffer.from(values);

export const NULL = bytes(0x40);

export function booleanValue(value: boolean): Buffer {
  return bytes(value ? 0x41 : 0x42);
}

export function ubyte(value: number): Buffer {
  return bytes(0x50, value);
}

export function uint(value: number): Buffer {
  if (value === 0) return bytes(0x43);
  if (value < 256) return bytes(0x52, value);
  const buffer = bytes(0x70, 0, 0, 0, 0);
  buffer.writeUInt32BE(value, 1);
  return buffer;
}

export function int(value: number): Buffer {
  const buffer = bytes(0x71, 0, 0, 0, 0);
  buffer.writeInt32BE(value, 1);
  return buffer;
}

export function long(value: number): Buffer {
  return sixtyFourBits(0x81, value);
}

export function timestamp(milliseconds: number): Buffer {
  return sixtyFourBits(0x83, milliseconds);
}

export function string(text: string): Buffer {
  return variable(0xa1, 0xb1, text);
}

export function symbol(text: string): Buffer {
  return variable(0xa3, 0xb3, text);
}

/** A list of already encoded values. */
export function list(items: Buffer[]): Buffer {
  return compound(0xd0, items.length, items);
}

/** A map of already encoded, alternating keys and values; `count` is the number of both. */
export function map(count: number, pairs: Buffer[]): Buffer {
  return compound(0xd1, count, pairs);
}

/** A message section: a numeric descriptor and a value (OASIS AMQP 1.0, part 3, section 3.2). */
export function section(descriptor: number, value: Buffer): Buffer {
  return Buffer.concat([bytes(0x00, 0x53, descriptor), value]);
}

function sixtyFourBits(code: number, value: number): Buffer {
  const buffer = bytes(code, 0, 0, 0, 0, 0, 0, 0, 0);
  buffer.writeBigInt64BE(BigInt(value), 1);
  return buffer;
}

function variable(shortCode: number, longCode: number, text: string): Buffer {
  const content = Buffer.from(text, 'utf8');
  if (content.length < 256) return Buffer.concat([bytes(shortCode, content.length), content]);
  const head = bytes(longCode, 0, 0, 0, 0);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

function compound(code: number, count: number, items: Buffer[]): Buffer {
  const content = Buffer.concat(items);
  const head = Buffer.alloc(9);
  head[0] = code;
  head.writeUInt32BE(content.length + 4, 1);
  head.writeUInt32BE(count, 5);
  return Buffer.concat([head, content]);
}
