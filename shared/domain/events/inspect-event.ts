import { membersOf, parseEvent } from './lifecycle-event';
import { inspectJson, placeKey, type JsonInspection } from './raw-json';
import {
  MAX_BYTES,
  MAX_DEPTH,
  NOT_LISTED,
  rawRules,
  readEvent,
  type AcceptedEvent,
  type RejectedMessage,
} from './read-event';
import { faultOfIssue, type Fault } from './rejection';
import { folded } from './match-attribute';

/** A fault as its sender may see it: `field` has the names that the sender wrote. `line` counts from 1. */
export type PlacedFault = Fault & { line?: number };
/** A member that the contract does not have, and the one of another spelling that may be meant. */
export type UnknownMember = { field: string; line: number; meant?: string };

export type EventInspection = {
  read: AcceptedEvent | RejectedMessage;
  faults: PlacedFault[];
  unknown: UnknownMember[];
  /** The line of a member, or of what it would be in. */
  lineOf: (...path: string[]) => number;
};

type Rules = { sources: readonly string[] };

/** Validates a message as `readEvent` does, for the person who corrects it: finds all faults at once, and where they are. */
export function inspectEvent(body: Uint8Array, rules: Rules): EventInspection {
  const read = readEvent(body, rules);
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  const text = new TextDecoder('utf-8').decode(body);
  const json = inspectJson(text, MAX_DEPTH);
  const lineOf = (...path: string[]): number => lineAt(text, placeOf(json, path));
  const faults: PlacedFault[] = [];
  if (body.length > MAX_BYTES)
    faults.push({ reason: 'too-large', rule: `at most ${MAX_BYTES} bytes` });
  if (hasMark) faults.push(MARK);
  if (read.kind === 'rejected' && WHOLE.has(read.reason)) faults.push(firstFault(read));
  else faults.push(...memberFaults(json, text, rules));
  // What this reading does not see, the intake still refuses.
  if (read.kind === 'rejected' && !faults.some(({ reason }) => reason === read.reason))
    faults.push(firstFault(read));
  return { read, faults, unknown: unknownMembers(json.value, lineOf), lineOf };
}

const MARK: Fault = { reason: 'byte-order-mark', rule: 'UTF-8 without a byte order mark' };
/** Faults that leave nothing to read. */
const WHOLE = new Set<string>(['empty', 'not-utf8']);

const firstFault = ({ reason, field, rule }: RejectedMessage): PlacedFault => ({
  reason,
  rule,
  ...(field !== undefined && { field }),
});

function memberFaults(json: JsonInspection, text: string, { sources }: Rules): PlacedFault[] {
  const place = (path: readonly PropertyKey[]) => lineAt(text, placeOf(json, path));
  const faults: PlacedFault[] = json.faults.map(({ reason, at, path }) => ({
    ...{ reason, rule: rawRules[reason], line: lineAt(text, at) },
    ...(path.length > 0 && { field: path.join('.') }),
  }));
  const { value } = json;
  if (value === undefined) return faults;
  if (!isObject(value) || Array.isArray(value))
    return [...faults, { reason: 'not-an-object', rule: 'one JSON object', line: 1 }];
  const issues = parseEvent(value).error?.issues ?? [];
  for (const issue of issues) {
    const field = issue.path.map(String).join('.');
    faults.push({ ...faultOfIssue(issue, value), field, line: place(issue.path) });
  }
  const isSource =
    typeof value['source'] === 'string' && !issues.some(({ path }) => path[0] === 'source');
  if (isSource && !sources.includes(value['source'] as string))
    faults.push({ ...NOT_LISTED, line: place(['source']) });
  return faults;
}

/** The members that the type does not have, at every level that the contract names. */
function unknownMembers(value: unknown, lineOf: (...path: string[]) => number): UnknownMember[] {
  if (!isObject(value)) return [];
  const { envelope, data: known, revises, span } = membersOf(value['type']);
  const data = isObject(value['data']) ? value['data'] : {};
  const spans = Array.isArray(data['spans']) ? (data['spans'] as unknown[]) : [];
  return [
    { path: [], object: value, known: envelope },
    ...(known ? [{ path: ['data'], object: data, known }] : []),
    ...(known?.includes('revises')
      ? [{ path: ['data', 'revises'], object: data['revises'], known: revises }]
      : []),
    ...(known?.includes('spans')
      ? spans.map((object, at) => ({ path: ['data', 'spans', String(at)], object, known: span }))
      : []),
  ].flatMap(({ path, object, known }) =>
    strangers(object, known).map(({ name, meant }) => ({
      ...{ field: [...path, name].join('.'), line: lineOf(...path, name) },
      ...(meant !== undefined && { meant: [...path, meant].join('.') }),
    })),
  );
}

function strangers(
  members: unknown,
  known: string[],
): { name: string; meant: string | undefined }[] {
  if (!isObject(members) || Array.isArray(members)) return [];
  return Object.keys(members)
    .filter((name) => !known.includes(name))
    .map((name) => ({ name, meant: known.find((one) => folded(one) === folded(name)) }));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Where a member begins; of an absent one, where the nearest member around it does. */
function placeOf({ places }: JsonInspection, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const at = places.get(placeKey(path.slice(0, length)));
    if (at !== undefined) return at;
  }
  return 0;
}

const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length;
