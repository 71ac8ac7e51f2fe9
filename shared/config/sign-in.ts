import {
  AzureAuthorityHosts,
  DeviceCodeCredential,
  InteractiveBrowserCredential,
  type AccessToken,
  type TokenCredential,
} from '@azure/identity';
import { createCredential } from './credential';

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
  /** Where Graph is, without a slash at its end: its permissions are asked for by this address. */
  root: string;
  /** The delegated permissions that the command needs. */
  scopes: readonly string[];
  tenantId?: string | undefined;
  /** A public client of the tenant's own, where the usual one may not be used. */
  clientId?: string | undefined;
};

/** "Microsoft Graph Command Line Tools", which asks the person to agree to what it needs and is in every tenant. */
const graphCommandLineTools = '14d82eec-204b-4c2f-b7e8-296a70dab67e';

/**
 * The person at the keyboard, with the permissions of this command and no others. The token of `az login` has a fixed
 * set of permissions without entitlement management (https://github.com/Azure/azure-cli/issues/32733), so `azure` suits
 * those who are signed in there as an application that was granted them.
 */
export function signIn(wanted: SignIn): TokenCredential {
  if (wanted.way === 'azure') return createCredential({ managed: false });
  const options = {
    clientId: wanted.clientId ?? graphCommandLineTools,
    authorityHost: authorities[wanted.cloud],
    ...(wanted.tenantId !== undefined && { tenantId: wanted.tenantId }),
  };
  const credential =
    wanted.way === 'browser'
      ? new InteractiveBrowserCredential({ ...options, redirectUri: 'http://localhost' })
      : new DeviceCodeCredential({
          ...options,
          userPromptCallback: ({ message }) => process.stderr.write(`${message}\n`),
        });
  const scopes = wanted.scopes.map((scope) => `${wanted.root}/${scope}`);
  return askedOnce({ getToken: (_, more) => credential.getToken(scopes, more) });
}

/** Whoever needs a token waits for the same sign-in, and who has turned it down once is not asked again. */
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
