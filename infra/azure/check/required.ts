import { asObject, type Finding, type Json, type Resource } from './template';

/** The value that a property must have in every resource of a type, and the finding if it has another. */
type Requirement = { type: string; property: string; is: Json; else: string };

const STORAGE = 'Microsoft.Storage/storageAccounts';
const BUS = 'Microsoft.ServiceBus/namespaces';
const SITE = 'Microsoft.Web/sites';
const AUTHENTICATION = `${SITE}/config/authsettingsV2`;
const ALERTS = 'Microsoft.Insights';
const PASSWORDS = `${SITE}/basicPublishingCredentialsPolicies`;

const requirements: Requirement[] = [
  { type: STORAGE, property: 'allowSharedKeyAccess', is: false, else: 'shared keys are on' },
  { type: STORAGE, property: 'allowBlobPublicAccess', is: false, else: 'blobs can be public' },
  {
    type: STORAGE,
    property: 'allowCrossTenantReplication',
    is: false,
    else: 'blobs can be copied to another tenant',
  },
  { type: STORAGE, property: 'minimumTlsVersion', is: 'TLS1_2', else: 'TLS is lower than 1.2' },
  { type: STORAGE, property: 'supportsHttpsTrafficOnly', is: true, else: 'http is allowed' },
  {
    type: `${STORAGE}/blobServices/containers`,
    property: 'publicAccess',
    is: 'None',
    else: 'a container is public',
  },
  { type: BUS, property: 'disableLocalAuth', is: true, else: 'local authentication is on' },
  { type: BUS, property: 'minimumTlsVersion', is: '1.2', else: 'TLS is lower than 1.2' },
  {
    type: `${BUS}/queues`,
    property: 'requiresDuplicateDetection',
    is: false,
    else: 'duplicate detection is on: the queue would drop a message that is sent again',
  },
  {
    type: `${BUS}/queues`,
    property: 'deadLetteringOnMessageExpiration',
    is: true,
    else: 'expired messages are lost',
  },
  {
    type: 'Microsoft.Insights/components',
    property: 'DisableLocalAuth',
    is: true,
    else: 'local authentication is on',
  },
  {
    type: 'Microsoft.OperationalInsights/workspaces',
    property: 'features.disableLocalAuth',
    is: true,
    else: 'local authentication is on',
  },
  { type: SITE, property: 'httpsOnly', is: true, else: 'http is allowed' },
  { type: SITE, property: 'siteConfig.minTlsVersion', is: '1.2', else: 'TLS is lower than 1.2' },
  {
    type: SITE,
    property: 'siteConfig.scmMinTlsVersion',
    is: '1.2',
    else: 'TLS is lower than 1.2 for deployments',
  },
  {
    type: SITE,
    property: 'siteConfig.remoteDebuggingEnabled',
    is: false,
    else: 'remote debugging is on',
  },
  {
    type: SITE,
    property: 'siteConfig.ipSecurityRestrictionsDefaultAction',
    is: 'Deny',
    else: 'every address can call',
  },
  { type: SITE, property: 'siteConfig.cors', is: null, else: 'pages of other origins can call' },
  {
    type: SITE,
    property: 'functionAppConfig.deployment.storage.authentication.type',
    is: 'UserAssignedIdentity',
    else: 'the package is not read with the identity of the app',
  },
  { type: PASSWORDS, property: 'allow', is: false, else: 'passwords can deploy' },
  {
    type: AUTHENTICATION,
    property: 'platform.enabled',
    is: true,
    else: 'callers need not sign in',
  },
  {
    type: AUTHENTICATION,
    property: 'globalValidation.requireAuthentication',
    is: true,
    else: 'callers need not sign in',
  },
  {
    type: AUTHENTICATION,
    property: 'globalValidation.unauthenticatedClientAction',
    is: 'Return401',
    else: 'callers without a sign-in are admitted or redirected',
  },
  {
    type: AUTHENTICATION,
    property: 'globalValidation.excludedPaths',
    is: ['/api/health/live'],
    else: 'more than the liveness check is open without a sign-in',
  },
  {
    type: AUTHENTICATION,
    property: 'identityProviders.azureActiveDirectory.registration.openIdIssuer',
    is: "[format('{0}{1}/v2.0', environment().authentication.loginEndpoint, tenant().tenantId)]",
    else: 'tokens of other tenants are accepted',
  },
  { type: `${ALERTS}/metricAlerts`, property: 'enabled', is: true, else: 'the alert is off' },
  {
    type: `${ALERTS}/scheduledQueryRules`,
    property: 'enabled',
    is: true,
    else: 'the alert is off',
  },
  { type: `${ALERTS}/activityLogAlerts`, property: 'enabled', is: true, else: 'the alert is off' },
];

/**
 * Properties that must have one literal value: what an expression evaluates to is not known before the deployment. A
 * resource with a condition does not count, because some deployments lack it.
 */
export function findUnsafeProperties(resources: Resource[]): Finding[] {
  return requirements.flatMap((requirement) => {
    const { type, property, is } = requirement;
    const matching = resources.filter((resource) => resource.type === type);
    if (matching.length === 0) return [{ where: type, what: `there is none: ${requirement.else}` }];
    return matching
      .filter(
        (resource) =>
          resource.condition !== true ||
          JSON.stringify(at(resource, property)) !== JSON.stringify(is),
      )
      .map((resource) => ({
        where: resource.path,
        what: `${requirement.else} (${property} must be ${JSON.stringify(is)})`,
      }));
  });
}

const at = (resource: Resource, property: string): Json =>
  property
    .split('.')
    .reduce<Json>((value, member) => asObject(value)[member] ?? null, resource.properties);
