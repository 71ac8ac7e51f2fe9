import { z } from 'zod';
import { clouds } from '../../shared/graph/clouds';
import type { Patient } from './patient';

/** Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
const Claims = z.object({
  oid: z.string(),
  idtyp: z.string().optional(),
  roles: z.array(z.string()).optional(),
});

/** Who asks, by the token for Graph: object id, and the app roles of an application. */
export type Caller = { id: string; isApp: boolean; roles: readonly string[] };

/** Throws if there is no token, or one that is not to be read. */
export async function callerOf({ credential, config }: Patient): Promise<Caller> {
  const abortSignal = AbortSignal.timeout(config.graph.deadlineMs);
  const got = await credential.getToken(clouds[config.graph.cloud].scope, { abortSignal });
  const [, payload = ''] = got?.token.split('.') ?? [];
  const {
    oid,
    idtyp,
    roles = [],
  } = Claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  return { id: oid, isApp: idtyp === 'app' || roles.length > 0, roles };
}
