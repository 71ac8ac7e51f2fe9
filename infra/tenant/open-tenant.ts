import type { TokenCredential } from '@azure/identity';
import { clouds } from '../../shared/graph/graph-root';
import { accountOf, describeAccount, signIn, waysToSignIn } from '../../shared/config/identity';

/** The options of every command that works in a tenant, as `parseArgs` takes them. */
export const tenantOptions = {
  'sign-in': { type: 'string', default: 'browser' },
  tenant: { type: 'string' },
  client: { type: 'string' },
} as const;

export const tenantUsage = `  --sign-in <way>   browser (default), device-code, or azure: the sign-in of the Azure CLI, azd or Azure PowerShell,
                    which lacks entitlement management unless it is an application that was granted it
  --tenant <id>     the tenant, where you are in several
  --client <id>     a public client of your own to sign in with, instead of Microsoft Graph Command Line Tools

GRAPH_CLOUD names the cloud (global, usgov, usgovdod, china); GRAPH_URL leads elsewhere, such as to the simulator,
http://127.0.0.1:7080, where nobody signs in.`;

type Given = { 'sign-in': string; tenant?: string | undefined; client?: string | undefined };
export type Tenant = { root: string; credential?: TokenCredential };

/** Where the tenant is and who works in it. Throws with what to do on an option or setting that makes no sense. */
export function openTenant(
  given: Given,
  scopes: readonly string[],
  env: NodeJS.ProcessEnv,
): Tenant {
  const way = waysToSignIn.find((known) => known === given['sign-in']);
  if (!way) throw new Error(`--sign-in must be one of ${waysToSignIn.join(', ')}`);
  const name = env['GRAPH_CLOUD'] ?? 'global';
  if (!isCloud(name))
    throw new Error(`GRAPH_CLOUD must be one of ${Object.keys(clouds).join(', ')}`);
  const root = (env['GRAPH_URL'] ?? clouds[name].root).replace(/\/+$/, '');
  if (root.startsWith('http://')) return { root };
  const { tenant: tenantId, client: clientId } = given;
  return { root, credential: signIn({ way, cloud: name, root, scopes, tenantId, clientId }) };
}

/** Signs in and says as whom. Whoever did not sign in is told so by the first call. */
export async function tellAccount({ root, credential }: Tenant): Promise<void> {
  const account = await (credential &&
    accountOf(credential, `${root}/.default`).catch(() => undefined));
  if (account) console.error(`to Graph as ${describeAccount(account)}`);
}

const isCloud = (name: string): name is keyof typeof clouds => Object.hasOwn(clouds, name);
