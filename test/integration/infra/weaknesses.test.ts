import { weaknessesOf } from '../../../infra/azure/check/weaknesses';
import { compiled } from './compiled';

const findingsIn = (template: string) =>
  weaknessesOf(template).map(({ where, what }) => `${where}: ${what}`);

/** The template with every occurrence of a text replaced. */
function planted(text: string, by: string): string {
  expect(compiled).toContain(text);
  return compiled.replaceAll(text, by);
}

test('the committed template has no weaknesses', () => {
  expect(findingsIn(compiled)).toEqual([]);
});

test.each([
  ['"allowSharedKeyAccess": false', '"allowSharedKeyAccess": true', 'shared keys are on'],
  ['"allowSharedKeyAccess": false', '"allowSharedKeyAccess": "[parameters(\'x\')]"', 'shared keys'],
  ['"allowBlobPublicAccess": false,', '', 'blobs can be public'],
  ['"publicAccess": "None"', '"publicAccess": "Blob"', 'a container is public'],
  ['"minimumTlsVersion": "TLS1_2"', '"minimumTlsVersion": "TLS1_0"', 'TLS is lower than 1.2'],
  ['"minTlsVersion": "1.2"', '"minTlsVersion": "1.0"', 'TLS is lower than 1.2'],
  ['"supportsHttpsTrafficOnly": true', '"supportsHttpsTrafficOnly": false', 'http is allowed'],
  ['"httpsOnly": true', '"httpsOnly": false', 'http is allowed'],
  ['"disableLocalAuth": true', '"disableLocalAuth": false', 'local authentication is on'],
  ['"DisableLocalAuth": true', '"DisableLocalAuth": false', 'local authentication is on'],
  [
    '"requiresDuplicateDetection": false',
    '"requiresDuplicateDetection": true',
    'serviceBus/queue: duplicate detection is on',
  ],
  [
    '"http20Enabled": true',
    '"ftpsState": "Disabled"',
    'functionApp/app: Flex Consumption refuses siteConfig.ftpsState',
  ],
  [
    '"AZURE_CLIENT_ID":',
    '"FUNCTIONS_WORKER_RUNTIME":',
    'does not use the setting FUNCTIONS_WORKER_RUNTIME',
  ],
  [
    '"type": "UserAssignedIdentity"',
    '"type": "StorageAccountConnectionString"',
    'is not read with the identity',
  ],
  ['"http20Enabled": true', '"cors": {"allowedOrigins": ["*"]}', 'pages of other origins'],
  ['tenant().tenantId)]', "'common')]", 'tokens of other tenants'],
  [
    "\"name\": \"[format('{0}/{1}', parameters('name'), 'authsettingsV2')]\"",
    '"condition": false, "name": "[format(\'{0}/{1}\', parameters(\'name\'), \'authsettingsV2\')]"',
    'callers need not sign in',
  ],
  [
    '"kind": "LogAlert",',
    '"kind": "LogAlert", "condition": false,',
    'alerts/logAlert: the alert is off',
  ],
  ['"allow": false', '"allow": true', 'passwords can deploy'],
  ['"Return401"', '"AllowAnonymous"', 'callers without a sign-in are admitted'],
  ['"/api/health/live"', '"/api/*"', 'more than the liveness check'],
  [
    'ipSecurityRestrictionsDefaultAction": "Deny"',
    'ipSecurityRestrictionsDefaultAction": "Allow"',
    'every address',
  ],
  ['tables/entities/add/action', 'tables/entities/delete', 'can do Microsoft.Storage'],
  ['tables/entities/add/action', 'tables/entities/update/action', 'entities/update/action'],
  ['tables/entities/add/action', '*', 'can do Microsoft.Storage'],
  ['"level": "CanNotDelete"', '"level": "ReadOnly"', 'no delete lock'],
  ['"value": true', '"value": false', 'no delete lock'],
  [
    '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0',
    '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
    'the role Owner',
  ],
  [
    '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0',
    'b24988ac-6180-42a0-ab88-20f7382dd24c',
    'the role Contributor',
  ],
  [
    '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0',
    '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
    'the role User Access Administrator',
  ],
  [
    "'who', parameters('auditorsGroupId'), 'kind', 'Group', 'role', variables('roles').storageTableDataReader",
    "'who', parameters('appPrincipalId'), 'kind', 'ServicePrincipal', 'role', variables('roles').storageTableDataContributor",
    'access/auditGrants: assigns the role Storage Table Data Contributor',
  ],
  [
    "variables('roles').reader)]",
    "variables('roles').storageTableDataReader)]",
    'access/operatorsSee: assigns the role Storage Table Data Reader',
  ],
  [
    "variables('roles').logAnalyticsReader)]",
    "parameters('anyRole'))]",
    'access/operatorsReadLogs: assigns a role that cannot be determined',
  ],
  ["'enabled', true()", "'enabled', false()", 'storage/audit/tableService: has no diagnostic'],
  ['"value": 3650', '"value": 0', 'storage/audit/account: the seals of the audit can be changed'],
  ['blobs/add/action', 'blobs/write', "the audit's writer can do"],
  ['"StorageDelete"', '"Transaction"', "the audit's StorageDelete is not logged"],
  [
    'Microsoft.Insights/diagnosticSettings',
    'Microsoft.Insights/other',
    'has no diagnostic settings',
  ],
  [
    'Authorization=AAD;',
    'AccountKey=x;',
    'APPLICATIONINSIGHTS_AUTHENTICATION_STRING contains a secret',
  ],
  [
    '"managedidentity"',
    "\"[listKeys(resourceId('x'), '2023-01-01').keys[0].value]\"",
    'reads keys',
  ],
])('replacing %s by %s is reported', (text, by, finding) => {
  const weak = planted(text, by);
  expect(findingsIn(weak).join('\n')).toContain(finding);
});

test('the audit in the account of the records is reported', () => {
  const mixed = planted('"audit",', '"claims",\n"audit",');
  expect(findingsIn(mixed).join('\n')).toContain('also holds other data');
});
