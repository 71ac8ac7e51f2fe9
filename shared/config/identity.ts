import {
  AzureAuthorityHosts,
  AzureCliCredential,
  AzureDeveloperCliCredential,
  AzurePowerShellCredential,
  ChainedTokenCredential,
  DeviceCodeCredential,
  InteractiveBrowserCredential,
  ManagedIdentityCredential,
  type AccessToken,
  type TokenCredential,
} from '@azure/identity';
import { z } from 'zod';
import { withDeadline } from '../promises';

/**
 * The identity of this process: in Azure only its managed identity, on a developer's machine the developer's sign-in.
 * `managed` decides and there is no fallback: Azure sets IDENTITY_ENDPOINT.
 */
export function createCredential(identity: {
  managed: boolean;
  clientId?: string | undefined;
}): TokenCredential {
  if (identity.managed) {
    return identity.clientId === undefined
      ? new ManagedIdentityCredential()
      : new ManagedIdentityCredential({ clientId: identity.clientId });
  }
  return new ChainedTokenCredential(
    new AzureCliCredential(),
    new AzureDeveloperCliCredential(),
    new AzurePowerShellCredential(),
  );
}

export const waysToSignIn = ['browser', 'device-code', 'azure'] as const;

/** Where people sign in to each national cloud. */
const authorities = {
  global: AzureAuthorityHosts.AzurePublicCloud,
  usgov: AzureAuthorityHosts.AzureGovernment,
  usgovdod: AzureAuthorityHosts.AzureGovernment,
  china: AzureAuthorityHosts.AzureChina,
};

export type SignIn = {
  way: (typeof waysToSignIn)[number];
  cloud: keyof typeof authorities;
  /** Address of Graph without a slash at its end; permissions are requested by it. */
  root: string;
  /** The delegated permissions that the command needs. */
  scopes: readonly string[];
  tenantId?: string | undefined;
  /** A public client of the tenant, if the default one may not be used. */
  clientId?: string | undefined;
};

/** "Microsoft Graph Command Line Tools": in every tenant, and asks the person to consent to the permissions. */
const graphCommandLineTools = '14d82eec-204b-4c2f-b7e8-296a70dab67e';

/**
 * The person at the keyboard, with the permissions of this command and no others. The token of `az login` has a fixed
 * set of permissions without entitlement management (https://github.com/Azure/azure-cli/issues/32733), so use `azure`
 * only when signed in there as an application that was granted them.
 */
export function signIn(request: SignIn): TokenCredential {
  if (request.way === 'azure') return createCredential({ managed: false });
  const options = {
    clientId: request.clientId ?? graphCommandLineTools,
    authorityHost: authorities[request.cloud],
    ...(request.tenantId !== undefined && { tenantId: request.tenantId }),
  };
  const credential =
    request.way === 'browser'
      ? new InteractiveBrowserCredential({ ...options, redirectUri: 'http://localhost' })
      : new DeviceCodeCredential({
          ...options,
          userPromptCallback: ({ message }) => process.stderr.write(`${message}\n`),
        });
  const scopes = request.scopes.map((scope) => `${request.root}/${scope}`);
  return askedOnce({ getToken: (_, more) => credential.getToken(scopes, more) });
}

/** Concurrent calls wait for the same sign-in. After a refusal, the person is not asked again. */
export function askedOnce(credential: TokenCredential): TokenCredential {
  let first: Promise<AccessToken | null> | undefined;
  return {
    getToken: async (scopes, more) => {
      if (first === undefined) return (first = credential.getToken(scopes, more));
      await first;
      return credential.getToken(scopes, more);
    },
  };
}

/** Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
const TokenClaims = z.object({
  oid: z.string().optional(),
  tid: z.string().optional(),
  idtyp: z.string().optional(),
  roles: z.array(z.string()).default([]),
});

/** The account of a token: ids only, and the app roles of an application. */
export type Account = {
  id: string | undefined;
  tenantId: string | undefined;
  isApp: boolean;
  roles: readonly string[];
};

/** The account of a token, undefined if the token does not say. */
export const accountIdOf = (token: string): string | undefined => claimsOf(token).oid;

/** For a person who signs in. Deadlines of calls do not include it. */
const SIGN_IN_MS = 5 * 60_000;

/**
 * Signs in before the first call to Graph, and answers the account. Microsoft may change the format of tokens: the
 * account of an unreadable token has no ids. Throws if there is no token.
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

function claimsOf(token: string): z.infer<typeof TokenClaims> {
  const [, payload = ''] = token.split('.');
  try {
    return TokenClaims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  } catch {
    return { roles: [] };
  }
}
