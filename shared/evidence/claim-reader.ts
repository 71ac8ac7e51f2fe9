import { ZodError } from 'zod';
import type { StoredClaim } from '../domain/workflow/claim';
import type { Claims } from '../storage/claims';
import { isNotAllowed } from '../storage/storage-port';

/** The claim, or that it has no sense any more: somebody has changed it. */
export async function claimOrUnreadable(
  claim: ReturnType<Claims['read']>,
): Promise<StoredClaim | 'unreadable' | undefined> {
  try {
    return await claim;
  } catch (error) {
    if (error instanceof ZodError) return 'unreadable';
    throw error;
  }
}

/** The same, or that the caller may not read claims. */
export async function claimIfAllowed(
  { claims }: { claims: Pick<Claims, 'read'> },
  eventHash: string,
): Promise<StoredClaim | 'not-allowed' | 'unreadable' | undefined> {
  try {
    return await claimOrUnreadable(claims.read(eventHash));
  } catch (error) {
    if (isNotAllowed(error)) return 'not-allowed';
    throw error;
  }
}

/** Reads claims until that is refused, which it then is for all. */
export function createClaimReader(claims: Pick<Claims, 'read'>) {
  let isRefused = false;
  const readClaim = async (hash: string): ReturnType<typeof claimIfAllowed> => {
    const claim = isRefused ? 'not-allowed' : await claimIfAllowed({ claims }, hash);
    isRefused ||= claim === 'not-allowed';
    return claim;
  };
  return Object.assign(readClaim, { isRefused: () => isRefused });
}
