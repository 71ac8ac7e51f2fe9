import type { Finding } from './finding';
import { asObject, type Json, type Resource } from './template';

/** What a property of every resource of a type must be, and what it means if it is not. */
type Requirement = { type: string; property: string; is: Json; else: string };

const STORAGE = 'Microsoft.Storage/storageAccounts';
const BUS = 'Microsoft.ServiceBus/namespaces';
const SITE = 'Microsoft.Web/sites';
const AUTHENTICATION = `${SITE}/config/authsettingsV2`;
const ALERTS = 'Microsoft.Insights';
const PASSWORDS = `${SITE}/basicPublishingCredentialsPolicies`;

const requirements: Requirement[] = [
  { type: STORAGE, property: 'allowSharedKeyAccess', is: false, else: 'shared keys are on' },
  { type: STORAGE, property: 'allowBlobPublicAccess', is: false, else: 'blobs may be public' },
  {
    type: STORAGE,
    property: 'allowCrossTenantReplication',
    is: false,
    else: 'blobs may be copied to another tenant',
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
    else: 'duplicate detection is on: a message that is sent again would vanish',
  },
  {
    type: `${BUS}/queues`,
    property: 'deadLetteringOnMessageExpiration',
    is: true,
    else: 'messages that expire vanish',
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
    else: 'every address may call',
  },
  { type: SITE, property: 'siteConfig.cors', is: null, else: 'pages of other origins may call' },
  {
    type: SITE,
    property: 'functionAppConfig.deployment.storage.authentication.type',
    is: 'UserAssignedIdentity',
    else: 'the package is not read under the identity of the app',
  },
  { type: PASSWORDS, property: 'allow', is: false, else: 'passwords may deploy' },
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
    else: 'who has not signed in is let through or redirected',
  },
  {
    type: AUTHENTICATION,
    property: 'globalValidation.excludedPaths',
    is: ['/api/health/live'],
    else: 'more than the sign of life is open to anybody',
  },
  {
    type: AUTHENTICATION,
    property: 'identityProviders.azureActiveDirectory.registration.openIdIssuer',
    is: "[format('{0}{1}/v2.0', environment().authentication.loginEndpoint, tenant().tenantId)]",
    else: 'tokens of other tenants are let through',
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
 * Properties that must have one value, written out: of another expression nobody can see what it becomes. What is there
 * only on a condition does not count.
 */
export function findUnsafeProperties(resources: Resource[]): Finding[] {
  return requirements.flatMap((requirement) => {
    const { type, property, is } = requirement;
    const concerned = resources.filter((resource) => resource.type === type);
    if (concerned.length === 0)
      return [{ where: type, what: `none is there: ${requirement.else}` }];
    return concerned
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
