/** One further code inside an error, as Graph's `error.details` carries it. */
export type Detail = { code: string; message: string; target: string | null };

/** An answer that is not a success: what the simulator throws wherever the real service would refuse. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly Detail[];
  readonly retryAfter: string | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { details?: readonly Detail[]; retryAfter?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = more.details ?? [];
    this.retryAfter = more.retryAfter;
  }
}
