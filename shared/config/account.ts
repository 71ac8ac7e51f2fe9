import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { withDeadline } from '../deadline';

/** Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
const Claims = z.object({
  oid: z.string().optional(),
  tid: z.string().optional(),
  idtyp: z.string().optional(),
  roles: z.array(z.string()).default([]),
});

/** Who a token speaks for: ids only, and the app roles of an application. */
export type Account = {
  id: string | undefined;
  tenantId: string | undefined;
  isApp: boolean;
  roles: readonly string[];
};

/** A person may take a while to sign in; how long a call may take does not count that in. */
const SIGN_IN_MS = 5 * 60_000;

/**
 * Signs in, before anything is asked of Graph, and says who that is. A token that cannot be read, which Microsoft
 * reserves the right to make of any, says nobody. Throws if there is no token.
 */
export async function accountOf(
  credential: TokenCredential,
  scope: string,
  deadlineMs = SIGN_IN_MS,
): Promise<Account> {
  const got = await withDeadline(deadlineMs, (abortSignal) =>
    credential.getToken(scope, { abortSignal }),
  );
  if (!got) throw new Error('the credential has no token');
  const { oid, tid, idtyp, roles } = claimsOf(got.token);
  return { id: oid, tenantId: tid, isApp: idtyp === 'app' || roles.length > 0, roles };
}

export const describeAccount = ({ id, tenantId, isApp }: Account): string =>
  id === undefined
    ? 'an account whose token does not say who it is'
    : `${isApp ? 'an application' : 'a person'}, ${id}, of the tenant ${tenantId ?? 'without an id'}`;

function claimsOf(token: string): z.infer<typeof Claims> {
  const [, payload = ''] = token.split('.');
  try {
    return Claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  } catch {
    return { roles: [] };
  }
}
