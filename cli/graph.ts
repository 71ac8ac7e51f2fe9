import { clouds } from '../shared/graph/graph-root';
import type { EntitlementsOptions } from '../shared/graph/entitlements';
import type { Config } from '../shared/config/config';
import { createCredential } from '../shared/config/identity';
import { signIn, type waysToSignIn } from '../shared/config/identity';

/** How the person who runs a command signs in to Graph. */
export type SignInOptions = {
  signIn: (typeof waysToSignIn)[number];
  tenant?: string | undefined;
  client?: string | undefined;
};

/**
 * Where the app's Graph is: over https under the person's own sign-in with the permissions of the command, or under the
 * managed identity where there is one; over loopback http without a sign-in. Does not sign in yet.
 */
export function graphOptions(
  { graph, identity }: Config,
  scopes: readonly string[],
  { signIn: way, tenant: tenantId, client: clientId }: SignInOptions,
): EntitlementsOptions {
  const cloud = clouds[graph.cloud];
  const root = (graph.url ?? cloud.root).replace(/\/+$/, '');
  const options = {
    root,
    dialect: graph.dialect,
    draft: graph.draft,
    deadlineMs: graph.deadlineMs,
    appVersion: 'cli',
  };
  if (!root.startsWith('https://')) return options;
  const credential = identity.managed
    ? createCredential(identity)
    : signIn({ way, cloud: graph.cloud, root, scopes, tenantId, clientId });
  return { ...options, credential, scope: cloud.scope };
}

/** What to do if nobody is signed in to Graph. */
export const SIGN_IN =
  'sign in when asked; --sign-in device-code needs no browser here, --client takes a public client of your own';
