import { z } from 'zod';
import type { Received } from './received';

export type ChargedCall = Pick<Received, 'method' | 'path' | 'query' | 'headers'>;

/** One app in one tenant. */
export type Owner = { app: string; tenant: string };

/** The served routes that do not cost 1. docs: the table of base costs. */
const baseCosts: [path: RegExp, units: number][] = [
  [/^\/[^/]+\/users$/, 2],
  [/^\/[^/]+\/groups\/[^/]+\/members$/, 3],
  [/^\/[^/]+\/servicePrincipals\/[^/]+\/appRoleAssignments$/, 2],
  [/^\/[^/]+\/subscribedSkus$/, 3],
];

/** What a call costs in resource units. */
export function unitsOf({ method, path, query }: ChargedCall): number {
  if (method !== 'GET') return 1;
  let units = baseCosts.find(([pattern]) => pattern.test(path))?.[1] ?? 1;
  if (query.has('$select')) units -= 1;
  if (query.has('$expand')) units += 1;
  const top = query.get('$top');
  if (top !== null && Number(top) < 20) units -= 1;
  return Math.max(1, units);
}

/** Whether the published limits name the resource of the path. */
export const isDirectory = (path: string): boolean =>
  /^\/[^/]+\/(users|groups|organization|subscribedSkus|servicePrincipals)(\/|$)/.test(path);

/** The app of a call whose token names none. */
const NO_APP = '00000000-0000-0000-0000-000000000000';

/**
 * Who calls: the client id and the tenant of the token, which is read and not checked. A call without a token, or with one
 * that is no JWT, counts for an app of no id.
 * docs: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function ownerOf(authorization: string | undefined, tenant: () => string): Owner {
  const claims = claimsOf(authorization?.split('.')[1] ?? '');
  return { app: claims.azp ?? claims.appid ?? NO_APP, tenant: claims.tid ?? tenant() };
}

const Claims = z.object({ azp: z.guid(), appid: z.guid(), tid: z.guid() }).partial();

function claimsOf(part: string): z.infer<typeof Claims> {
  try {
    return Claims.parse(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  } catch {
    return {};
  }
}
