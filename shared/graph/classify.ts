import type { Evidence, Failed, Later, Outcome } from '../domain/workflow/outcome';
import { GraphError } from './graph-error';
import type { GraphFault } from './graph-error';
import { UNSAID_SECONDS } from './retry-after';

/** A refusal that says what exists already, or does not exist: the caller looks and decides. */
export type Conflict = {
  kind: 'conflict';
  conflict: ConflictName;
  evidence: Evidence;
};
export type ConflictName =
  | 'existing-grant'
  | 'existing-open-request'
  | 'no-active-grant'
  | 'duplicate-access-package'
  | 'duplicate-key'
  | 'not-found';

type Verdict =
  { later: string; afterSeconds: number } | { failed: string } | { conflict: ConflictName };
type Row = { status?: readonly number[]; code?: string; detail?: string; verdict: Verdict };

/**
 * What an answer means, first match first, by status, `error.code` and `error.details[].code`; never by the message,
 * which is a text for people. Microsoft publishes no list of these codes: they are those met in the field. Overload
 * and outages: https://learn.microsoft.com/graph/errors
 */
const table: readonly Row[] = [
  { code: 'no-token', verdict: { later: 'identity-unavailable', afterSeconds: 30 } },
  { code: 'throttled', verdict: { later: 'throttled', afterSeconds: UNSAID_SECONDS } },
  { code: 'no-answer-in-time', verdict: { later: 'graph-timeout', afterSeconds: 5 } },
  { code: 'no-connection', verdict: { later: 'graph-unreachable', afterSeconds: 5 } },
  { code: 'unreadable-answer', verdict: { later: 'graph-unreadable', afterSeconds: 5 } },
  { code: 'not-yet-visible', verdict: { later: 'not-yet-visible', afterSeconds: 5 } },
  { code: 'foreign-next-link', verdict: { failed: 'foreign-next-link' } },
  { code: 'endless-pages', verdict: { failed: 'endless-pages' } },
  { code: 'invalid-id', verdict: { failed: 'invalid-request' } },
  { code: 'invalid-attribute', verdict: { failed: 'invalid-request' } },
  { code: 'invalid-value', verdict: { failed: 'invalid-request' } },
  { status: [429], verdict: { later: 'throttled', afterSeconds: UNSAID_SECONDS } },
  {
    status: [408, 500, 502, 503, 504, 507, 509],
    verdict: { later: 'graph-unavailable', afterSeconds: 5 },
  },
  { status: [412, 423], verdict: { later: 'changed-meanwhile', afterSeconds: 5 } },
  { status: [401], verdict: { failed: 'unauthenticated' } },
  { status: [403], verdict: { failed: 'permission' } },
  { code: 'InvalidRequestExistingGrant', verdict: { conflict: 'existing-grant' } },
  { code: 'ExistingOpenRequest', verdict: { conflict: 'existing-open-request' } },
  {
    code: 'InvalidRequest',
    detail: 'ExistingOpenRequest',
    verdict: { conflict: 'existing-open-request' },
  },
  { code: 'InvalidRequestNoActiveGrant', verdict: { conflict: 'no-active-grant' } },
  { code: 'DuplicateAccessPackage', verdict: { conflict: 'duplicate-access-package' } },
  { code: 'DuplicateKey', verdict: { conflict: 'duplicate-key' } },
  // A person made moments ago, whom the directory has shown already; or one who has been deleted since, as it will show.
  { code: 'SubjectNotFound', verdict: { later: 'target-not-visible', afterSeconds: 5 } },
  { code: 'CallerNotResourceOwner', verdict: { failed: 'resource-not-owned' } },
  { code: 'InvalidModel', verdict: { failed: 'invalid-request' } },
  { code: 'InvalidFilter', verdict: { failed: 'invalid-request' } },
  // A generated route that the service does not implement answers 404 without a code.
  { status: [404], code: '', verdict: { failed: 'unknown-route' } },
  { status: [404], verdict: { conflict: 'not-found' } },
];

/** In the minutes after a create, replicas that do not have it yet answer 403 as well as 404. */
export type Circumstances = { justCreated?: boolean };

/** WorkerLocks an error of a call into `later`, `failed` or a named conflict. Anything that is no `GraphError` is rethrown. */
export function classify(
  error: unknown,
  { justCreated = false }: Circumstances = {},
): Later | Failed | Conflict {
  if (!(error instanceof GraphError)) throw error;
  const { fault } = error;
  const evidence = evidenceOf(fault);
  const verdict = table.find((row) => applies(row, fault))?.verdict ?? {
    failed: 'unexpected-answer',
  };
  if (justCreated && fault.status === 403) {
    return { kind: 'later', why: 'not-yet-visible', afterSeconds: 5, evidence };
  }
  if ('conflict' in verdict) return { kind: 'conflict', conflict: verdict.conflict, evidence };
  if ('failed' in verdict) return { kind: 'failed', why: verdict.failed, evidence };
  const afterSeconds = fault.retryAfterSeconds ?? verdict.afterSeconds;
  return { kind: 'later', why: verdict.later, afterSeconds, evidence };
}

/** Whether the error says that nothing was written. After any other error of a write it may have happened. */
export function isRefusal(error: unknown): boolean {
  return error instanceof GraphError && !error.fault.ambiguous;
}

/** The answer to a read by id as a list of one; empty if Graph does not know the id, or this replica not yet. */
export async function emptyOn404<Answer>(answer: Promise<Answer>): Promise<Answer[]> {
  try {
    return [await answer];
  } catch (error) {
    const verdict = classify(error);
    if (verdict.kind === 'conflict' && verdict.conflict === 'not-found') return [];
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
    const verdict = classify(error);
    if (verdict.kind !== 'conflict') return verdict;
    return { kind: 'failed', why: verdict.conflict, evidence: verdict.evidence };
  }
}

function applies({ status, code, detail }: Row, fault: GraphFault): boolean {
  return (
    (status === undefined || (fault.status !== undefined && status.includes(fault.status))) &&
    (code === undefined || same(code, fault.code)) &&
    (detail === undefined || (fault.detailCodes ?? []).some((one) => same(detail, one)))
  );
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function evidenceOf({ status, code, detailCodes, requestId }: GraphFault): Evidence {
  const errorCode = [code, ...(detailCodes ?? [])].filter((one) => one !== '').join('/');
  return {
    ...(status !== undefined && { graphStatus: status }),
    ...(errorCode && { errorCode }),
    ...(requestId !== undefined && { graphRequestId: requestId }),
  };
}
