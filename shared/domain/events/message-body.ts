/** How the body of an AMQP message is encoded (OASIS AMQP 1.0, part 3, section 3.2.6 to 3.2.8). */
export type BodyType = 'data' | 'value' | 'sequence';

/**
 * The bytes of a decoded message body that are read as an event: of data its bytes, of a text its UTF-8 bytes, of any other
 * value its JSON text. What JSON has no exact form for (a timestamp, binary, a long beyond 2⁵³, NaN) becomes an object with
 * one member that names its type, so that the contract refuses it wherever it expects text or a number.
 */
export function bytesOfBody(body: unknown, bodyType: BodyType = 'value'): Uint8Array {
  if (body === undefined) return Buffer.alloc(0);
  if (body instanceof Uint8Array) return body;
  // Several data sections are one body.
  if (bodyType === 'data' && isListOfBytes(body)) return Buffer.concat(body);
  return Buffer.from(typeof body === 'string' ? body : jsonText(body));
}

const isListOfBytes = (body: unknown): body is Uint8Array[] =>
  Array.isArray(body) && body.every((section) => section instanceof Uint8Array);

function jsonText(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  const typed = withoutJsonForm(value);
  const members = Object.entries(typed ?? value).map(
    ([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`,
  );
  return `{${members.join(',')}}`;
}

function numberText(value: number): string {
  // JSON.stringify writes NaN as null and -0 as 0.
  const isExact = Number.isFinite(value) && !Object.is(value, -0);
  return isExact
    ? String(value)
    : jsonText({ $number: Object.is(value, -0) ? '-0' : String(value) });
}

function withoutJsonForm(value: object): object | undefined {
  if (value instanceof Date) return { $timestamp: value.getTime() };
  if (value instanceof Uint8Array) return { $binary: Buffer.from(value).toString('base64') };
  // The AMQP library leaves a described value as an object of its own class.
  return isPlain(value) ? undefined : { $described: 'value' in value ? value.value : null };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
