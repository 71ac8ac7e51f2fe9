import type { Evidence, Failed, Later, Outcome } from '../domain/workflow/outcome';
import {
  answerTable,
  SOONEST_SECONDS,
  unlistedAnswer,
  type AnswerRow,
  type ConflictName,
} from './answer-table';

/** What went wrong with one call to Graph, by codes only: never a text that the service or a person wrote. */
export type GraphFault = {
  /** HTTP status, absent if no answer came. */
  status?: number | undefined;
  /** `error.code` of the answer, or `no-answer-in-time`, `no-connection`, `no-token`, `throttled`, ... if it is ours. */
  code: string;
  /** `error.details[].code` and the codes of inner errors; of our own codes, the system's code behind them. */
  detailCodes?: readonly string[] | undefined;
  retryAfterSeconds?: number | undefined;
  /** Of a 401 or 403, where this is remembered: whether Graph allowed the same operation on the same catalog before. */
  hasWorked?: boolean | undefined;
  /** Of such a 403: as far as is known it concerns only the object in the path, whose id Graph may not know. */
  isOneObject?: boolean | undefined;
  /** Graph's `request-id`, or our `client-request-id` if no answer came: support finds the call by either. */
  requestId?: string | undefined;
  /** True if the call was a write and may have happened: read before writing again. */
  ambiguous: boolean;
};

/** The one error that leaves a call to Graph; `classify` turns it into an outcome. */
export class GraphError extends Error {
  readonly fault: GraphFault;

  constructor(operation: string, fault: GraphFault) {
    super(`${operation}: ${fault.status ?? 'no answer'} ${fault.code}`.trimEnd());
    this.name = 'GraphError';
    this.fault = fault;
  }
}

/** Codes are kept in logs and audit rows, so a text that does not look like one is left out. */
export function safeCode(code: unknown): string {
  return typeof code === 'string' && /^[\w.-]{1,80}$/.test(code) ? code : '';
}

const LONGEST_SECONDS = 86_400;

/**
 * Seconds to wait by a `Retry-After` header, as a number of seconds or as an HTTP date (RFC 9110, 10.2.3), at most a
 * day; undefined if there is none or it cannot be read.
 */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text), LONGEST_SECONDS);
  if (!/^[A-Za-z]{3}/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at)
    ? undefined
    : Math.min(Math.max(Math.ceil((at - now) / 1000), 0), LONGEST_SECONDS);
}

/** A refusal that says what exists already, or does not exist: the caller reads and decides. */
export type Conflict = {
  kind: 'conflict';
  conflict: ConflictName;
  evidence: Evidence;
};
/** In the minutes after a create, replicas that do not have it yet answer 403 as well as 404. */
export type Circumstances = { justCreated?: boolean };

/**
 * A refusal may pass where Graph allowed the same operation before: it is waited for under these reasons. What never was
 * allowed is waited for briefly, under the reason itself.
 */
const lost: Readonly<Record<string, string>> = {
  unauthenticated: 'authentication-lost',
  permission: 'permission-lost',
};

/** Turns an error of a call into `later`, `failed` or a named conflict. Anything that is no `GraphError` is rethrown. */
export function classify(
  error: unknown,
  { justCreated = false }: Circumstances = {},
): Later | Failed | Conflict {
  if (!(error instanceof GraphError)) throw error;
  const { fault } = error;
  const evidence = evidenceOf(fault);
  const { meaning } = answerTable.find((row) => applies(row, fault)) ?? unlistedAnswer;
  if (justCreated && fault.status === 403) {
    return { kind: 'later', why: 'not-yet-visible', afterSeconds: 5, evidence };
  }
  if ('failed' in meaning && fault.hasWorked !== undefined) {
    const why = fault.hasWorked ? (lost[meaning.failed] ?? meaning.failed) : meaning.failed;
    return { kind: 'later', why, afterSeconds: fault.retryAfterSeconds ?? 5, evidence };
  }
  if ('conflict' in meaning) return { kind: 'conflict', conflict: meaning.conflict, evidence };
  if ('failed' in meaning) return { kind: 'failed', why: meaning.failed, evidence };
  const asked = fault.retryAfterSeconds ?? meaning.afterSeconds;
  const afterSeconds = Math.max(SOONEST_SECONDS, asked);
  return { kind: 'later', why: meaning.later, afterSeconds, evidence };
}

/** What a command that reads waits for before it asks Graph again; undefined if that would not help. */
export function pauseAfter(error: unknown): Later | undefined {
  if (!(error instanceof GraphError)) return undefined;
  const meaning = classify(error);
  return meaning.kind === 'later' ? meaning : undefined;
}

/** Whether the error is a refusal with a code that the table does not list, so that only a look can tell what it is about. */
export function isUnlistedRefusal(error: unknown): boolean {
  if (!(error instanceof GraphError)) return false;
  const { status = 0 } = error.fault;
  const isListed = answerTable.some(
    (row) => row !== unlistedAnswer && !row.isGeneral && applies(row, error.fault),
  );
  return status >= 400 && status < 500 && !isListed;
}

/** Whether the caller may not make this call, or Graph says so of an id that it does not know. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof GraphError && error.fault.status === 403;

/** Whether Graph refuses one object of an operation that it allowed before: it may not know the id. */
export const isForbiddenObject = (error: unknown): boolean =>
  error instanceof GraphError && error.fault.isOneObject === true && error.fault.hasWorked === true;

/** Whether what answered does not speak as Graph does: a gateway without the route may answer so for good. */
export const isUnreadable = (error: unknown): boolean =>
  error instanceof GraphError && error.fault.code === 'unreadable-answer';

/** Whether the error says that nothing was written. After any other error of a write it may have happened. */
export function isRefusal(error: unknown): boolean {
  return error instanceof GraphError && !error.fault.ambiguous;
}

/** Whether Graph took a write, and says that it did not carry it out. */
export function isNotCarriedOut(error: unknown): boolean {
  return error instanceof GraphError && error.fault.code === 'not-carried-out';
}

/** The answer to a read by id as a list of one; empty if Graph does not know the id, or this replica not yet. */
export async function emptyOn404<Answer>(answer: Promise<Answer>): Promise<Answer[]> {
  try {
    return [await answer];
  } catch (error) {
    const meaning = classify(error);
    if (meaning.kind === 'conflict' && meaning.conflict === 'not-found') return [];
    throw error;
  }
}

/** Gives every `GraphError` of calls to Graph as an outcome. A conflict is `failed` under its name. */
export async function asOutcome<Done extends object>(
  act: () => Promise<Outcome<Done>>,
): Promise<Outcome<Done>> {
  try {
    return await act();
  } catch (error) {
    const meaning = classify(error);
    if (meaning.kind !== 'conflict') return meaning;
    return { kind: 'failed', why: meaning.conflict, evidence: meaning.evidence };
  }
}

function applies({ status, code, detail }: AnswerRow, fault: GraphFault): boolean {
  return (
    (status === undefined || (fault.status !== undefined && status.includes(fault.status))) &&
    (code === undefined || same(code, fault.code)) &&
    (detail === undefined || (fault.detailCodes ?? []).some((one) => same(detail, one)))
  );
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** What the audit row says of the answer. */
export function evidenceOf({ status, code, detailCodes, requestId }: GraphFault): Evidence {
  const errorCode = [code, ...(detailCodes ?? [])].filter((one) => one !== '').join('/');
  return {
    ...(status !== undefined && { graphStatus: status }),
    ...(errorCode && { errorCode }),
    ...(requestId !== undefined && { graphRequestId: requestId }),
  };
}
