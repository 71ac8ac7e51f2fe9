/** A line of the log: a word for what happened, and ids, hashes and codes. Never a name, a mail address or a body. */
export type LogLine = { what: string } & Readonly<
  Record<string, string | number | boolean | undefined>
>;

/** Writes one JSON line. JSON escapes control characters, so no value can forge a second line. */
export type Log = (line: LogLine) => void;

export const logTo =
  (write: (text: string) => void): Log =>
  (line) =>
    write(JSON.stringify(line));
