/** What went wrong with one call to Graph, by codes only: never a text that the service or a person wrote. */
export type GraphFault = {
  /** HTTP status, absent if no answer came. */
  status?: number | undefined;
  /** `error.code` of the answer, or `no-answer-in-time`, `no-connection`, `no-token`, `throttled`, ... if it is ours. */
  code: string;
  /** `error.details[].code` and the codes of inner errors; of our own codes, the system's code behind them. */
  detailCodes?: readonly string[] | undefined;
  retryAfterSeconds?: number | undefined;
  /** Graph's `request-id`, or our `client-request-id` if no answer came: support finds the call by either. */
  requestId?: string | undefined;
  /** True if the call was a write and may have happened all the same: look before writing again. */
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

/** Codes are kept in logs and audit rows, so whatever does not look like one is left out. */
export function safeCode(code: unknown): string {
  return typeof code === 'string' && /^[\w.-]{1,80}$/.test(code) ? code : '';
}
