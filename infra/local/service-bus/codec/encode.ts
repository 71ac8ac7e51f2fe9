/** Encodings of AMQP 1.0 primitive and compound types (OASIS AMQP 1.0, part 1, section 1.6). */

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

/** A map of already encoded keys and values, one after the other; `count` is the number of both. */
export function map(count: number, pairs: Buffer[]): Buffer {
  return compound(0xd1, count, pairs);
}

/** A message section: a value behind its numeric descriptor (OASIS AMQP 1.0, part 3, section 3.2). */
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
