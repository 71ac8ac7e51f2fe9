import { readBody } from './connection';
import { CliError } from './print';

/** One event of a file: its bytes as they are, and the line of the file on which it begins. */
export type EventBody = { file: string; line: number; body: Uint8Array };

/** The events of files, in order: one in each, or JSON Lines with one on each line. "-" is standard input. */
export async function readEvents(files: readonly string[]): Promise<EventBody[]> {
  if (files.filter((file) => file === '-').length > 1)
    throw new CliError('"-" is given twice; standard input is read once', 2);
  const events: EventBody[] = [];
  for (const file of files) {
    const bytes = await readBody(file);
    const lines = linesOf(bytes);
    if (isJsonLines(file, lines)) events.push(...lines.map((one) => ({ file, ...one })));
    else events.push({ file, line: 1, body: bytes });
  }
  return events;
}

type Line = { line: number; body: Uint8Array };

const NEWLINE = 0x0a;

/** The lines that hold anything, without their ends. The bytes are cut and never decoded. */
function linesOf(bytes: Buffer): Line[] {
  const lines: Line[] = [];
  for (let from = 0, line = 1; from < bytes.length; line += 1) {
    const end = bytes.indexOf(NEWLINE, from);
    const body = bytes.subarray(from, end < 0 ? bytes.length : end);
    const isEmpty = body.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
    if (!isEmpty) lines.push({ line, body: body.at(-1) === 0x0d ? body.subarray(0, -1) : body });
    from = end < 0 ? bytes.length : end + 1;
  }
  return lines;
}

/** By its name, or because something follows a first line that is a whole object by itself. */
function isJsonLines(file: string, [first, ...rest]: readonly Line[]): boolean {
  if (first === undefined) return false;
  return /\.(jsonl|ndjson)$/i.test(file) || (rest.length > 0 && isObject(first.body));
}

function isObject(body: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
