import type { Finding } from './finding';
import { asList, objectAt, textOf, type Module, type Resource } from './template';

/** Resources that must have their logs collected. A storage account has them for each of its services. */
const LOGGED = [
  'Microsoft.Storage/storageAccounts/blobServices',
  'Microsoft.Storage/storageAccounts/queueServices',
  'Microsoft.Storage/storageAccounts/tableServices',
  'Microsoft.ServiceBus/namespaces',
  'Microsoft.Web/sites',
  'Microsoft.OperationalInsights/workspaces',
];

/** Resources without diagnostic settings beside them in their module. */
export function findUnlogged(resources: Resource[]): Finding[] {
  return resources
    .filter(({ type }) => LOGGED.includes(type))
    .filter((resource) => {
      const settings = has(resources, resource, 'Microsoft.Insights/diagnosticSettings');
      return settings?.condition !== true || !collects(settings);
    })
    .map(({ path }) => ({ where: path, what: 'has no diagnostic settings' }));
}

const OFF = /"enabled":false|'enabled', false/;

const collects = ({ properties }: Resource): boolean =>
  properties['logs'] !== undefined && !OFF.test(JSON.stringify(properties['logs']));

/** Who reads, adds to, changes or deletes the audit is to be seen, and somebody is told of the last two. */
export function findUnseenAudit(resources: Resource[]): Finding[] {
  return auditAccounts(resources).flatMap(({ path, module }) => {
    const collected = asList(module.parameters['logCategories']);
    return ['StorageRead', 'StorageWrite', 'StorageDelete']
      .filter((category) => !collected.includes(category))
      .map((category) => ({ where: path, what: `the audit's ${category} is not logged` }));
  });
}

/** The account of the audit, without a lock that holds in every installation. */
export function findUnlocked(resources: Resource[]): Finding[] {
  const audits = auditAccounts(resources);
  if (audits.length === 0) return [{ where: 'storage', what: 'the audit has no account' }];
  return audits.flatMap((account) => {
    const lock = has(resources, account, 'Microsoft.Authorization/locks');
    if (lock?.condition === true && lock.properties['level'] === 'CanNotDelete') return [];
    return [{ where: account.path, what: 'the account of the audit has no delete lock' }];
  });
}

/** Tables of the audit that share their account with what changes. */
export function findMixedAudit(resources: Resource[]): Finding[] {
  return auditAccounts(resources)
    .filter(
      ({ module }) =>
        tablesOf(module).some((name) => !AUDIT.includes(name)) ||
        asList(module.parameters['containers']).length > 0,
    )
    .map(({ path }) => ({ where: path, what: 'the account of the audit holds other things, too' }));
}

const AUDIT = ['audit', 'auditIndex'];

/** The tables that a module makes by being told their names. */
export const tablesOf = (module: Module): string[] =>
  asList(module.parameters['tables']).map(textOf);

const auditAccounts = (resources: Resource[]): Resource[] =>
  resources.filter(
    ({ type, module }) =>
      type === 'Microsoft.Storage/storageAccounts' &&
      tablesOf(module).some((name) => AUDIT.includes(name)),
  );

/** What of this type extends the resource: its scope names the resource's type, no longer one. */
function has(resources: Resource[], of: Resource, type: string): Resource | undefined {
  return resources.find(
    (each) =>
      each.type === type &&
      each.module.path === of.module.path &&
      each.scope.startsWith(`[resourceId('${of.type}',`),
  );
}

/** Secrets in settings: a call for keys, or a setting whose name or value is one. */
export function findSecrets(resources: Resource[], template: string): Finding[] {
  const calls = [
    ...template.matchAll(/\b(listKeys|listAccountSas|listServiceSas|list\w*Secrets?)\(/g),
  ];
  const asked = calls.map(([, call = '']) => ({
    where: 'main.bicep',
    what: `asks for keys: ${call}`,
  }));
  const settings = resources
    .filter(({ type }) => type === 'Microsoft.Web/sites/config/appsettings')
    .flatMap(({ path, module }) => {
      const named = Object.values(module.variables).flatMap((each) =>
        Object.entries(objectAt(each)),
      );
      return named
        .filter(([, value]) => SECRET.test(textOf(value)))
        .map(([name]) => ({ where: path, what: `the setting ${name} holds a secret` }));
    });
  return [...asked, ...settings];
}

const SECRET = /AccountKey=|SharedAccessKey=|SharedAccessSignature|sig=|password=|clientSecret/i;
