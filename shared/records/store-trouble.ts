import { RestError } from '@azure/data-tables';
import { StoreUnavailable } from '../domain/table';

/** Runs one call; a status in `expected` answers undefined, a passing trouble becomes StoreUnavailable. */
export async function answer<T>(
  expected: number[],
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    const { status, code } = troubleOf(error);
    if (isPassing(status, code)) {
      throw new StoreUnavailable(`table storage: ${[status, code].filter(Boolean).join(' ')}`);
    }
    if (status !== undefined && expected.includes(status)) return undefined;
    throw error;
  }
}

/** Status and code of what went wrong; the text stays out, because it may quote a row. */
function troubleOf(error: unknown): { status?: number | undefined; code: string } {
  if (!(error instanceof RestError)) return { code: (error as Error).name };
  const { errorCode } = (error.details ?? {}) as { errorCode?: string };
  return { status: error.statusCode, code: errorCode ?? error.code ?? error.name };
}

/**
 * Whether waiting or an operator can mend it. A table that is away and an identity that is refused are no statement about
 * a row, though their statuses are those of one.
 */
function isPassing(status: number | undefined, code: string): boolean {
  if (PASSING_CODES.includes(code)) return true;
  return status !== undefined && (PASSING.includes(status) || status >= 500);
}

const PASSING = [401, 403, 408, 429];
const PASSING_CODES = [
  'AbortError',
  'TimeoutError',
  'REQUEST_SEND_ERROR',
  'PARSE_ERROR',
  'CredentialUnavailableError',
  'AuthenticationError',
  'AggregateAuthenticationError',
  'TableNotFound',
  'TableBeingDeleted',
];
