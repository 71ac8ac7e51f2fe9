import {
  AzureCliCredential,
  AzureDeveloperCliCredential,
  AzurePowerShellCredential,
  ChainedTokenCredential,
  ManagedIdentityCredential,
  type TokenCredential,
} from '@azure/identity';

/**
 * The identity this process acts under: in Azure its managed identity and nothing else, on a developer's machine the
 * person's own sign-in. Never a guess: `managed` says which, because Azure sets IDENTITY_ENDPOINT.
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
