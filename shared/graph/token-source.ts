import type { AccessToken, TokenCredential } from '@azure/identity';
import { GraphError, safeCode } from './errors';

export type TokenSource = {
  /** A token that is valid now. Throws `GraphError` with code `no-token`. */
  current: () => Promise<string>;
  /**
   * Drops a token that Graph has refused. Answers whether another one may be tried: not while the one that replaced a
   * refused token is refused too, because then tokens are not the cause.
   */
  refuse: (token: string) => boolean;
};

/** How long before its end a token is replaced, and how long after a failure no new one is requested. */
const aheadMs = 5 * 60_000;
const pauseMs = 30_000;
/** How long the replacement of a refused token is not replaced. */
const replacementMs = 5 * 60_000;

/**
 * Tokens of one scope. All waiting calls share one request, which ends after `deadlineMs`, because a managed identity
 * endpoint may never answer. While the identity service is unavailable, a valid token stays in use. Nothing runs in the
 * background, so every failure reaches a caller.
 */
export function createTokenSource(
  credential: TokenCredential,
  scope: string,
  deadlineMs: number,
): TokenSource {
  let held: AccessToken | undefined;
  let running: Promise<AccessToken> | undefined;
  let notBefore = 0;
  let replacedAt = -Infinity;

  const acquire = async (): Promise<AccessToken> => {
    try {
      held = await acquired(credential, scope, deadlineMs);
      return held;
    } catch (error) {
      notBefore = Date.now() + pauseMs;
      const detailCodes = [safeCode((error as Error).name)];
      throw new GraphError('getToken', { code: 'no-token', detailCodes, ambiguous: false });
    } finally {
      running = undefined;
    }
  };

  return {
    current: async () => {
      const usable = held && held.expiresOnTimestamp > Date.now() ? held : undefined;
      if (usable && (!isDue(usable) || Date.now() < notBefore)) return usable.token;
      running ??= acquire();
      try {
        return (await running).token;
      } catch (error) {
        if (usable) return usable.token;
        throw error;
      }
    },
    refuse: (token) => {
      if (held?.token !== token) return true;
      if (Date.now() < replacedAt + replacementMs) return false;
      held = undefined;
      replacedAt = Date.now();
      return true;
    },
  };
}

function isDue({ expiresOnTimestamp, refreshAfterTimestamp }: AccessToken): boolean {
  return Date.now() >= (refreshAfterTimestamp ?? expiresOnTimestamp - aheadMs);
}

async function acquired(
  credential: TokenCredential,
  scope: string,
  deadlineMs: number,
): Promise<AccessToken> {
  const abortSignal = AbortSignal.timeout(deadlineMs);
  const late = new Promise<never>((_, reject) => {
    abortSignal.addEventListener('abort', () => {
      reject(abortSignal.reason as Error);
    });
  });
  const token = await Promise.race([credential.getToken(scope, { abortSignal }), late]);
  if (!token) throw new Error('The credential has no token');
  return token;
}
