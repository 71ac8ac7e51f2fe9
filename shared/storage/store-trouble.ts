import { RestError } from '@azure/data-tables';
import { StoreUnavailable } from './storage-port';

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
      const shown = status > NO_ANSWER ? `${status} ${code}` : code;
      throw new StoreUnavailable(`table storage: ${shown}`, code);
    }
    if (expected.includes(status)) return undefined;
    throw error;
  }
}

/** Where no answer came, the client tells one of many codes of the system; all of them pass. */
const NO_ANSWER = 0;
const OUR_OWN = -1;

/** Status and code of what went wrong; the text stays out, because it may quote a row. */
function troubleOf(error: unknown): { status: number; code: string } {
  if (!(error instanceof RestError)) return { status: OUR_OWN, code: (error as Error).name };
  const { errorCode } = (error.details ?? {}) as { errorCode?: string };
  return { status: error.statusCode ?? NO_ANSWER, code: errorCode ?? error.code ?? error.name };
}

/**
 * Whether waiting or an operator can mend it. A table that is away and an identity that is refused are no statement about
 * a row, though their statuses are those of one.
 */
const isPassing = (status: number, code: string): boolean =>
  PASSING.includes(status) || status >= 500 || PASSING_CODES.includes(code);

const PASSING = [NO_ANSWER, 401, 403, 408, 429];
const PASSING_CODES = [
  RestError.PARSE_ERROR,
  'AbortError',
  'TimeoutError',
  'CredentialUnavailableError',
  'AuthenticationError',
  'AggregateAuthenticationError',
  'TableNotFound',
  'TableBeingDeleted',
];
