/** A log line: a word for what happened, and ids, hashes and codes. Never a name, a mail address or a body. */
export type LogLine = { what: string } & Readonly<
  Record<string, string | number | boolean | undefined>
>;

/** Writes one JSON line. JSON escapes control characters, so no value can forge a second line. */
export type Log = (line: LogLine) => void;

export const logTo =
  (write: (text: string) => void): Log =>
  (line) =>
    write(JSON.stringify(line));

/** Where an error was thrown, without its message, which may quote input. */
export function traceOf(error: unknown): { kind: string; trace: string } {
  if (!(error instanceof Error)) return { kind: typeof error, trace: '' };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const nearest = frames.slice(0, 5).map((frame) => frame.trim());
  return { kind: error.name, trace: nearest.join(' < ') };
}
