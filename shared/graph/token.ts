import type { AccessToken, TokenCredential } from '@azure/identity';
import { GraphError, safeCode } from './graph-error';

/**
 * A credential whose every acquisition ends: one at a time, however many calls wait for it, and within `deadlineMs`
 * (a managed identity endpoint may otherwise stay silent for ever). Any failure is a `GraphError` with code
 * `no-token`, so that the trouble of the identity never looks like a defect or a refusal.
 */
export function boundedCredential(
  credential: TokenCredential,
  deadlineMs: number,
): TokenCredential {
  let running: Promise<AccessToken | null> | undefined;
  const acquire: TokenCredential['getToken'] = async (scopes, options) => {
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      return await Promise.race([
        credential.getToken(scopes, { ...options, abortSignal: signal }),
        rejection(signal),
      ]);
    } catch (error) {
      const detailCodes = [safeCode((error as Error).name)];
      throw new GraphError('getToken', { code: 'no-token', detailCodes, ambiguous: false });
    } finally {
      running = undefined;
    }
  };
  return { getToken: (scopes, options) => (running ??= acquire(scopes, options)) };
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('No token within the deadline'));
    });
  });
}
