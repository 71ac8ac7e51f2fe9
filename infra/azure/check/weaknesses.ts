import { findUnsafeProperties } from './required';
import { findCustomRoles, findRoles } from './roles';
import {
  asList,
  objectAt,
  resourcesOf,
  textOf,
  type Finding,
  type JsonObject,
  type Module,
  type Resource,
} from './template';

/**
 * Every place where a compiled template is weaker than this project promises: keys, public access, roles that are too
 * powerful, an audit that could be changed or lost, missing logs and alerts; and settings that its plan refuses. Needs no
 * Bicep CLI.
 */
export function weaknessesOf(template: string): Finding[] {
  const resources = resourcesOf(JSON.parse(template) as JsonObject);
  return [
    ...findUnsafeProperties(resources),
    ...findRoles(resources),
    ...findCustomRoles(resources),
    ...findUnlogged(resources),
    ...findUnlocked(resources),
    ...findMixedAudit(resources),
    ...findChangeableSeals(resources),
    ...findUnloggedAudit(resources),
    ...findSecrets(resources, template),
    ...findRefusedByFlex(resources),
  ];
}

/** Types that must have their logs collected. A storage account has logs for each of its services. */
const LOGGED = [
  'Microsoft.Storage/storageAccounts/blobServices',
  'Microsoft.Storage/storageAccounts/queueServices',
  'Microsoft.Storage/storageAccounts/tableServices',
  'Microsoft.ServiceBus/namespaces',
  'Microsoft.Web/sites',
  'Microsoft.OperationalInsights/workspaces',
];

/** Resources without diagnostic settings in their module. */
function findUnlogged(resources: Resource[]): Finding[] {
  return resources
    .filter(({ type }) => LOGGED.includes(type))
    .filter((resource) => {
      const settings = extensionOf(resources, resource, 'Microsoft.Insights/diagnosticSettings');
      return settings?.condition !== true || !collects(settings);
    })
    .map(({ path }) => ({ where: path, what: 'has no diagnostic settings' }));
}

const OFF = /"enabled":false|'enabled', false/;

const collects = ({ properties }: Resource): boolean =>
  properties['logs'] !== undefined && !OFF.test(JSON.stringify(properties['logs']));

/** Reads, writes and deletions of the audit must be logged; an alert reports the last two. */
function findUnloggedAudit(resources: Resource[]): Finding[] {
  return auditAccounts(resources).flatMap(({ path, module }) => {
    const collected = asList(module.parameters['logCategories']);
    return ['StorageRead', 'StorageWrite', 'StorageDelete']
      .filter((category) => !collected.includes(category))
      .map((category) => ({ where: path, what: `the audit's ${category} is not logged` }));
  });
}

/** The audit's account, if it has no lock in some installations. */
function findUnlocked(resources: Resource[]): Finding[] {
  const audits = auditAccounts(resources);
  if (audits.length === 0) return [{ where: 'storage', what: 'the audit has no account' }];
  return audits.flatMap((account) => {
    const lock = extensionOf(resources, account, 'Microsoft.Authorization/locks');
    if (lock?.condition === true && lock.properties['level'] === 'CanNotDelete') return [];
    return [{ where: account.path, what: 'the account of the audit has no delete lock' }];
  });
}

/** The audit's account, if it also holds data that may change. */
function findMixedAudit(resources: Resource[]): Finding[] {
  return auditAccounts(resources)
    .filter(
      ({ module }) =>
        tablesOf(module).some((name) => !AUDIT_TABLES.includes(name)) ||
        asList(module.parameters['containers']).some((name) => name !== 'seals'),
    )
    .map(({ path }) => ({ where: path, what: 'the account of the audit also holds other data' }));
}

/** The audit's account, if its seals can be changed. */
function findChangeableSeals(resources: Resource[]): Finding[] {
  return auditAccounts(resources)
    .filter(({ module }) => !(Number(module.parameters['immutableDays']) > 0))
    .map(({ path }) => ({ where: path, what: 'the seals of the audit can be changed' }));
}

const AUDIT_TABLES = ['audit', 'auditIndex'];

/** The names of the tables that a module creates. */
export const tablesOf = (module: Module): string[] =>
  asList(module.parameters['tables']).map(textOf);

const auditAccounts = (resources: Resource[]): Resource[] =>
  resources.filter(
    ({ type, module }) =>
      type === 'Microsoft.Storage/storageAccounts' &&
      tablesOf(module).some((name) => AUDIT_TABLES.includes(name)),
  );

/** The resource of this type that extends `of`. Its scope must name exactly the type of `of`, not a longer one. */
function extensionOf(resources: Resource[], of: Resource, type: string): Resource | undefined {
  return resources.find(
    (each) =>
      each.type === type &&
      each.module.path === of.module.path &&
      each.scope.startsWith(`[resourceId('${of.type}',`),
  );
}

/** Calls that read keys, and settings that contain a secret. */
function findSecrets(resources: Resource[], template: string): Finding[] {
  const calls = [
    ...template.matchAll(/\b(listKeys|listAccountSas|listServiceSas|list\w*Secrets?)\(/g),
  ];
  const keyReads = calls.map(([, call = '']) => ({
    where: 'main.bicep',
    what: `reads keys: ${call}`,
  }));
  const settings = resources
    .filter(({ type }) => type === 'Microsoft.Web/sites/config/appsettings')
    .flatMap(({ path, module }) => {
      const named = Object.values(module.variables).flatMap((each) =>
        Object.entries(objectAt(each)),
      );
      return named
        .filter(([, value]) => SECRET.test(textOf(value)))
        .map(([name]) => ({ where: path, what: `the setting ${name} contains a secret` }));
    });
  return [...keyReads, ...settings];
}

const SECRET = /AccountKey=|SharedAccessKey=|SharedAccessSignature|sig=|password=|clientSecret/i;

/**
 * Members of a site's configuration that Flex Consumption does not support. Some regions ignore them, others refuse the site
 * with error 51021.
 * https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations
 */
const REFUSED = [
  'alwaysOn',
  'ftpsState',
  'functionAppScaleLimit',
  'functionsRuntimeScaleMonitoringEnabled',
  'linuxFxVersion',
  'netFrameworkVersion',
  'powerShellVersion',
  'preWarmedInstanceCount',
  'use32BitWorkerProcess',
  'windowsFxVersion',
];

/** Settings that `functionAppConfig` or the platform replaces. */
const REPLACED =
  /^(FUNCTIONS_(EXTENSION_VERSION|WORKER_)|ENABLE_ORYX_BUILD$|SCM_DO_BUILD_|TZ$|WEBSITE_(CONTENT|NODE_DEFAULT_|RUN_FROM_PACKAGE$|TIME_ZONE$))/;

/** Configuration that makes the deployment fail, or has no effect, on the Flex Consumption plan. */
function findRefusedByFlex(resources: Resource[]): Finding[] {
  return resources.flatMap(({ path, type, properties, module }) => {
    if (type === 'Microsoft.Web/sites') {
      const named = Object.keys(objectAt(properties, 'siteConfig'));
      return named
        .filter((name) => REFUSED.includes(name))
        .map((name) => ({ where: path, what: `Flex Consumption refuses siteConfig.${name}` }));
    }
    if (type !== 'Microsoft.Web/sites/config/appsettings') return [];
    const settings = Object.values(module.variables).flatMap((each) => Object.keys(objectAt(each)));
    return settings
      .filter((name) => REPLACED.test(name))
      .map((name) => ({
        where: path,
        what: `Flex Consumption does not use the setting ${name}`,
      }));
  });
}
