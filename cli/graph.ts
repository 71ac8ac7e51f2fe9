import { clouds } from '../shared/graph/graph-root';
import type { EntitlementsOptions } from '../shared/graph/entitlements';
import type { Config } from '../shared/config/config';
import {
  accountOf,
  createCredential,
  describeAccount,
  signIn,
  type waysToSignIn,
} from '../shared/config/identity';
import { CliError } from './print';

/** How the person who runs a command signs in to Graph. */
export type SignInOptions = {
  /** By default the browser. */
  signIn?: (typeof waysToSignIn)[number] | undefined;
  tenant?: string | undefined;
  client?: string | undefined;
};

/**
 * Where the app's Graph is: over https under the person's own sign-in with the permissions of the command, or under the
 * managed identity where there is one; over loopback http without a sign-in. Does not sign in yet. Throws a CliError if an
 * option has no effect because nobody signs in.
 */
export function graphOptions(
  { graph, identity }: Config,
  scopes: readonly string[],
  { signIn: way, tenant, client }: SignInOptions,
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
  const isSecure = root.startsWith('https://');
  if (!isSecure || identity.managed) {
    const given = { '--sign-in': way, '--tenant': tenant, '--client': client };
    const useless = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
    const why = isSecure ? 'the managed identity signs in' : `Graph at ${root} takes no sign-in`;
    if (useless !== undefined) throw new CliError(`${useless} has no effect: ${why}`, 2);
  }
  if (!isSecure) return options;
  const person = { way: way ?? 'browser', tenantId: tenant, clientId: client };
  const credential = identity.managed
    ? createCredential(identity)
    : signIn({ ...person, cloud: graph.cloud, root, scopes });
  return { ...options, credential, scope: cloud.scope };
}

/** What to do if nobody is signed in to Graph. */
export const SIGN_IN =
  'sign in when asked; --sign-in device-code needs no browser here, --client takes a public client of your own';

/** Signs in, and says on standard error as whom. */
export async function printAccount({ credential, scope = '' }: EntitlementsOptions): Promise<void> {
  if (!credential) return;
  const account = await accountOf(credential, scope).catch((error: unknown) => {
    const why = error instanceof Error ? error.name : 'unknown';
    throw new CliError(`nobody is signed in to Graph (${why}): ${SIGN_IN}`);
  });
  process.stderr.write(`to Graph as ${describeAccount(account)}\n`);
}
