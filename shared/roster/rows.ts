import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { inspectJson, placeKey } from '../domain/events/raw-json';
import { rawRules } from '../domain/events/read-event';

/** What a column of a roster may say: a member of a worker's span, or one attribute by its name. */
const Target = z
  .string()
  .regex(/^(?:workerId|employmentId|from|until|timeZone|attributes\..{1,64})$/s, {
    error:
      'workerId, employmentId, from, until, timeZone, attributes.<name>, or null for a column that is not read',
  });

/** What each column says; null for one that is not read. No two columns say the same, and two are needed. */
export const RosterMap = z
  .record(z.string(), Target.nullable(), { error: 'an object with a member for each column' })
  .superRefine((map, context) => {
    const targets = Object.values(map).filter((target) => target !== null);
    const twice = targets.find((target, at) => targets.indexOf(target) < at);
    const missing = ['workerId', 'from'].find((target) => !targets.includes(target));
    const message = twice === undefined ? `no column says ${missing}` : `two columns say ${twice}`;
    if (twice ?? missing) context.addIssue({ code: 'custom', message });
  });
export type RosterMap = z.infer<typeof RosterMap>;

/** `where`: the line of the file on which it begins. `values`: by what the map says of the columns, without empty ones. */
export type RosterRow = { line: number; values: ReadonlyMap<string, string> };

/** What is wrong and where; without a line it is the file. It contains no value of the roster. */
export type RosterFault = { line?: number; column?: string; rule: string };

export type RosterRows = { rows: RosterRow[]; faults: RosterFault[] };

/**
 * The rows of a roster in UTF-8, with or without a byte order mark. `json`: one array of objects whose members are texts or
 * null. `csv`: RFC 4180 with a header, separated by the one of comma, semicolon and tab that makes the header that of the
 * map; any line ends. Every column must be in the map and the other way round, so that none is dropped by mistake.
 */
export function readRosterRows(bytes: Uint8Array, format: 'csv' | 'json', map: RosterMap) {
  const text = decode(bytes);
  if (text === undefined) return onlyFault({ rule: 'UTF-8; save it as "CSV UTF-8"' });
  return format === 'json' ? jsonRows(text, map) : csvRows(text, map);
}

const onlyFault = (fault: RosterFault): RosterRows => ({ rows: [], faults: [fault] });

function decode(bytes: Uint8Array): string | undefined {
  // Text in UTF-16 is full of zero bytes.
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const NEWLINE = /\r\n|\n|\r/g;
const newlinesIn = (text: string): number => text.match(NEWLINE)?.length ?? 0;

const SEPARATORS = [',', ';', '\t'] as const;

type Csv = { records: { line: number; cells: string[] }[]; faults: RosterFault[] };

function csvRows(text: string, map: RosterMap): RosterRows {
  const header = /^(?:"(?:[^"]|"")*"|[^"\r\n])*/.exec(text.trimStart())?.[0] ?? '';
  const known = (separator: string): number =>
    new Set(readCsv(header, separator).records[0]?.cells.filter((name) => Object.hasOwn(map, name)))
      .size;
  const separator = SEPARATORS.toSorted((one, other) => known(other) - known(one))[0] ?? ',';
  const { records, faults } = readCsv(text, separator);
  const [first, ...others] = records;
  if (first === undefined) return onlyFault(faults[0] ?? { rule: 'a header and a row for each' });
  const headerFaults = columnFaults(first, map);
  if (headerFaults.length > 0) return { rows: [], faults: headerFaults };
  const rows: RosterRow[] = [];
  for (const { line, cells } of others) {
    if (cells.length === first.cells.length)
      rows.push({
        line,
        values: valuesOf(
          first.cells.map((name, at) => [name, cells[at]]),
          map,
        ),
      });
    else
      faults.push({
        line,
        rule: `${first.cells.length} values, as the header has, not ${cells.length}`,
      });
  }
  return { rows, faults };
}

/** The records up to the first one that cannot be read. */
function readCsv(text: string, separator: string): Csv {
  const read: Csv = { records: [], faults: [] };
  const bytes = Buffer.from(text);
  let [at, line] = [0, 1];
  /** The line on which what follows `at` begins, empty lines passed over. */
  const nextLine = (): number => {
    const rest = bytes.subarray(at, at + 4096).toString('utf8');
    return line + newlinesIn(/^[\r\n]*/.exec(rest)?.[0] ?? '');
  };
  try {
    parse(text, {
      delimiter: separator,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (cells: string[], { bytes: end }) => {
        read.records.push({ line: nextLine(), cells });
        line += newlinesIn(bytes.subarray(at, end).toString('utf8'));
        at = end;
        return null;
      },
    });
  } catch {
    const rule = 'quotes around a whole value, and doubled inside it; nothing behind it was read';
    read.faults.push({ line: nextLine(), rule });
  }
  return read;
}

function columnFaults({ line, cells }: Csv['records'][number], map: RosterMap): RosterFault[] {
  const twice = new Set(cells.filter((name, at) => cells.indexOf(name) < at));
  const rule = 'a column that the map has, with null if it is not to be read';
  return [
    ...[...twice].map((column) => ({ line, column, rule: 'one column of this name' })),
    ...cells.filter((name) => !Object.hasOwn(map, name)).map((column) => ({ line, column, rule })),
    ...Object.keys(map)
      .filter((name) => !cells.includes(name))
      .map((column) => ({ line, column, rule: 'this column, which the map has' })),
  ];
}

function jsonRows(text: string, map: RosterMap): RosterRows {
  const json = inspectJson(text, 3);
  const lineAt = (at: number): number => 1 + newlinesIn(text.slice(0, at));
  if (json.faults.length > 0)
    return {
      rows: [],
      faults: json.faults.map(({ at, reason }) => ({ line: lineAt(at), rule: rawRules[reason] })),
    };
  if (!Array.isArray(json.value)) return onlyFault({ rule: 'one JSON array of objects' });
  const read: RosterRows = { rows: [], faults: [] };
  let [from, line] = [0, 1];
  for (const [index, item] of (json.value as unknown[]).entries()) {
    const at = json.places.get(placeKey([index])) ?? from;
    line += newlinesIn(text.slice(from, at));
    from = at;
    const members =
      typeof item === 'object' && item !== null && !Array.isArray(item) ? item : undefined;
    const faults = members ? memberFaults(members, map) : [{ rule: 'an object' }];
    read.faults.push(...faults.map((fault) => ({ line, ...fault })));
    if (members && faults.length === 0)
      read.rows.push({
        line,
        values: valuesOf(Object.entries(members) as [string, string][], map),
      });
  }
  return read;
}

/** A member that an object lacks is one without a value: JSON has no header that could promise it. */
const memberFaults = (members: object, map: RosterMap): RosterFault[] =>
  Object.entries(members).flatMap(([column, value]: [string, unknown]) => {
    if (!Object.hasOwn(map, column))
      return [{ column, rule: 'a member that the map has, with null if it is not to be read' }];
    return value === null || typeof value === 'string' || map[column] === null
      ? []
      : [{ column, rule: 'a text, or null' }];
  });

/** An empty value is no value. */
function valuesOf(
  cells: readonly (readonly [column: string, value: string | null | undefined])[],
  map: RosterMap,
): Map<string, string> {
  return new Map(
    cells.flatMap(([column, value]) => {
      const target = Object.hasOwn(map, column) ? map[column] : undefined;
      return target && value ? [[target, value] as const] : [];
    }),
  );
}
