import type { TokenCredential } from '@azure/identity';
import { accountOf, describeAccount, signIn, waysToSignIn } from '../../shared/config/identity';
import { GraphError } from '../../shared/graph/errors';
import { clouds } from '../../shared/graph/graph-root';

/** The options of every command that works in a tenant, as `parseArgs` takes them. */
const options = {
  'sign-in': { type: 'string' },
  tenant: { type: 'string' },
  client: { type: 'string' },
} as const;

const usage = `  --sign-in <way>   browser (default), device-code, or azure: the sign-in of the Azure CLI, azd or Azure PowerShell.
                    For a person, azure lacks entitlement management; for an application it works if that is granted
  --tenant <id>     the tenant, if you are a member of several
  --client <id>     your own public client, instead of Microsoft Graph Command Line Tools

GRAPH_CLOUD selects the cloud (global, usgov, usgovdod, china). GRAPH_URL replaces its address, for example with that of
the simulator, http://127.0.0.1:7080, which needs no sign-in: there these options are refused.`;

export const tenantFlags = { options, usage };

type TenantArguments = {
  'sign-in'?: string | undefined;
  tenant?: string | undefined;
  client?: string | undefined;
};
/** The address of Graph, and the sign-in; none for http, where no token is sent. */
export type Tenant = { root: string; credential?: TokenCredential };

/** Throws an Error that lists the possible values if an option or setting is invalid, or names an option without effect. */
export function openTenant(
  options: TenantArguments,
  scopes: readonly string[],
  env: NodeJS.ProcessEnv,
): Tenant {
  const { 'sign-in': given = 'browser', tenant: tenantId, client: clientId } = options;
  const way = waysToSignIn.find((known) => known === given);
  if (!way) throw new Error(`--sign-in must be one of ${waysToSignIn.join(', ')}`);
  const name = env['GRAPH_CLOUD'] ?? 'global';
  if (!isCloud(name))
    throw new Error(`GRAPH_CLOUD must be one of ${Object.keys(clouds).join(', ')}`);
  const root = (env['GRAPH_URL'] ?? clouds[name].root).replace(/\/+$/, '');
  if (root.startsWith('http://')) {
    const useless = Object.keys(tenantFlags.options).find(
      (flag) => options[flag as keyof TenantArguments] !== undefined,
    );
    if (useless === undefined) return { root };
    throw new Error(`--${useless} has no effect: Graph at ${root} takes no sign-in`);
  }
  return { root, credential: signIn({ way, cloud: name, root, scopes, tenantId, clientId }) };
}

const isCloud = (name: string): name is keyof typeof clouds => Object.hasOwn(clouds, name);

/** Signs in and prints the account. A failed sign-in is reported by the first call to Graph. */
export async function printAccount({ root, credential }: Tenant): Promise<void> {
  const account = await (credential &&
    accountOf(credential, `${root}/.default`).catch(() => undefined));
  if (account) console.error(`to Graph as ${describeAccount(account)}`);
}

/** The message of an error; of a `GraphError` also its detail codes, its request id, and what the user can do. */
export function explain(error: unknown): string {
  if (!(error instanceof GraphError)) return error instanceof Error ? error.message : String(error);
  const { status, code, detailCodes = [], requestId } = error.fault;
  const advice = advices.find(([applies]) => applies(status, code))?.[1];
  const support = requestId === undefined ? '' : ` (request-id ${requestId})`;
  const codes = detailCodes.length === 0 ? '' : ` [${detailCodes.join(', ')}]`;
  return `${error.message}${codes}${support}${advice === undefined ? '' : `\n  ${advice}`}`;
}

const advices: [applies: (status: number | undefined, code: string) => boolean, advice: string][] =
  [
    [
      (_, code) => code === 'no-token',
      'Not signed in. Try --sign-in device-code, or --client with a public client that your tenant allows.',
    ],
    [
      (status) => status === 403,
      'You lack a role or a permission. Entitlement management needs Identity Governance Administrator; granting\n' +
        '  application permissions needs Privileged Role Administrator. The sign-in must also have consented to the\n' +
        '  permissions that this command requests. The token of the Azure CLI has none for entitlement management: use\n' +
        '  --sign-in browser.',
    ],
    [(status) => status === 401, 'The token is not accepted. Sign in again, or set --tenant.'],
    [(_, code) => code === 'no-connection', 'Graph cannot be reached from this machine.'],
  ];
