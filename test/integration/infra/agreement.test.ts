import {
  asList,
  asObject,
  objectAt,
  textOf as text,
  type Json,
} from '../../../infra/azure/check/template';
import { tablesOf } from '../../../infra/azure/check/companions';
import { readConfig, Settings } from '../../../shared/config/config';
import { resource, textOf } from './compiled';

type HostJson = {
  extensions: {
    serviceBus: { maxAutoLockRenewalDuration: string };
    durableTask: { hubName: string };
  };
};
const host = JSON.parse(textOf('host.json')) as HostJson;
const queue = resource('serviceBus/queue');
const { variables } = resource('functionApp/app::appSettings').module;
const required = objectAt(variables, 'required');

/** The names of settings.bicep, which Bicep holds every deployment to. */
const optional = [...textOf('infra/azure/settings.bicep').matchAll(/^ {2}([A-Z_]+):/gm)].map(
  ([, name = '']) => name,
);

/** Set by Azure itself, or only read where there is no managed identity. */
const NOT_OURS = ['IDENTITY_ENDPOINT', 'ServiceBus'];

test('every setting of the app is set in Azure, or can be', () => {
  const known = Object.keys(Settings.shape).filter((name) => !NOT_OURS.includes(name));
  const settable = [...Object.keys(required), ...optional];
  expect(settable).toEqual(expect.arrayContaining(known));
});

test('no setting is set that nobody reads', () => {
  const names = [
    ...Object.keys(required),
    ...Object.keys(objectAt(variables, 'onStorage')),
    ...Object.keys(objectAt(variables, 'onScheduler')),
    ...optional,
  ];
  const ofTheHost =
    /^(AzureWebJobsStorage__|ServiceBus__|APPLICATIONINSIGHTS_|AzureFunctionsJobHost__|TASK_SCHEDULER$)/;
  const ofTheApp = Object.keys(Settings.shape);
  expect(names.filter((name) => !ofTheHost.test(name) && !ofTheApp.includes(name))).toEqual([]);
});

test('what a deployment sets is enough for the app to start', () => {
  const values = {
    ...Object.fromEntries(Object.keys(required).map((name) => [name, 'x'])),
    RECORDS_STORAGE: 'https://strecords.table.core.windows.net/',
    AUDIT_STORAGE: 'https://staudit.table.core.windows.net/',
    EVENT_SOURCES: 'urn:hr:acme',
  };
  expect(readConfig(values).storage.audit).toBe(values.AUDIT_STORAGE);
  expect(() => readConfig({ ...values, AUDIT_STORAGE: '' })).toThrow('AUDIT_STORAGE');
});

test('the optional settings take the values that the app takes', () => {
  const settings = textOf('infra/azure/settings.bicep');
  const choices = (name: string) =>
    [
      ...(new RegExp(`${name}: \\((.*)\\)\\?`).exec(settings)?.[1] ?? '').matchAll(/'([^']+)'/g),
    ].map(([, value]) => value);
  expect(choices('GRAPH_CLOUD')).toEqual(Settings.shape.GRAPH_CLOUD.unwrap().options);
  expect(choices('GRAPH_DIALECT')).toEqual(Settings.shape.GRAPH_DIALECT.unwrap().options);
  expect(choices('PACKAGES')).toEqual(Settings.shape.PACKAGES.unwrap().options);
});

test('the queue is that of the local stack', () => {
  const config = JSON.parse(textOf('infra/local/service-bus/Config.json')) as Json;
  const [namespace] = asList(objectAt(config, 'UserConfig')['Namespaces']);
  const [local = {}] = asList(asObject(namespace)['Queues']).map((each) => asObject(each));
  const properties = objectAt(local, 'Properties');
  expect(queue.properties['maxDeliveryCount']).toBe(properties['MaxDeliveryCount']);
  expect(queue.properties['requiresDuplicateDetection']).toBe(
    properties['RequiresDuplicateDetection'],
  );
  expect(queue.properties['requiresSession']).toBe(properties['RequiresSession']);
  expect(queue.properties['deadLetteringOnMessageExpiration']).toBe(
    properties['DeadLetteringOnMessageExpiration'],
  );
  expect(textOf('infra/azure/main.bicep')).toContain(`var queueName = '${text(local['Name'])}'`);
});

test('a message stays locked for longer than intake holds it', () => {
  const [hours = 0, minutes = 0, seconds = 0] =
    host.extensions.serviceBus.maxAutoLockRenewalDuration.split(':').map(Number);
  const { INTAKE_HOLD } = Settings.pick({ INTAKE_HOLD: true }).parse({});
  expect(hours * 3600 + minutes * 60 + seconds).toBeGreaterThan(INTAKE_HOLD);
  expect(queue.properties['lockDuration']).toBe('PT5M');
});

test('the tables are those of the local stack, the audit apart', () => {
  const local = [
    ...(
      /const tables = \[(.*?)\]/s.exec(textOf('infra/local/azurite/server.ts'))?.[1] ?? ''
    ).matchAll(/'(\w+)'/g),
  ].map(([, name = '']) => name);
  const account = (name: string) => tablesOf(resource(`storage/${name}/account`).module);
  expect([...account('records'), ...account('audit')].sort()).toEqual([...local].sort());
  expect(account('audit')).toEqual(['audit', 'auditIndex']);
  expect(account('host')).toEqual([]);
});

test('the task hub of the scheduler is that of host.json', () => {
  const { hubName } = host.extensions.durableTask;
  expect(text(objectAt(variables, 'onScheduler')['TASK_SCHEDULER'])).toContain(
    `TaskHub=${hubName};`.slice(0, -1),
  );
  expect(textOf('infra/azure/modules/scheduler.bicep')).toContain(`name: '${hubName}'`);
});

test('the app runs on a version of Node that package.json allows', () => {
  const { runtime } = objectAt(resource('functionApp/app').properties, 'functionAppConfig');
  expect(runtime).toEqual({ name: 'node', version: '22' });
  const { engines } = JSON.parse(textOf('package.json')) as { engines: { node: string } };
  expect(engines.node).toBe('>=20.19');
});

test('azd deploys these files and what is packed, to the app that is tagged for it', () => {
  const azd = textOf('azure.yaml');
  const [, service = ''] = /^services:\n {2}(\w+):/m.exec(azd) ?? [];
  expect(azd).toMatch(/^ {2}path: infra\/azure\n {2}module: main$/m);
  expect(azd).toMatch(/^ {4}project: dist\/package$/m);
  expect(textOf('infra/package/main.ts')).toContain("join(out, 'package')");
  expect(textOf('infra/azure/modules/function-app.bicep')).toContain(
    `'azd-service-name': '${service}'`,
  );
});

test('every alert has an answer in docs/operations.md', () => {
  const { variables: alerts } = resource('alerts/operators').module;
  const names = ['queueAlerts', 'logAlerts', 'guarded'].flatMap((list) =>
    asList(alerts[list]).map((alert) => text(asObject(alert)['name'])),
  );
  expect(names).toHaveLength(14);
  const page = textOf('docs/operations.md');
  expect(names.filter((name) => !page.includes(`| \`${name}\``))).toEqual([]);
});

test('a line that arrives late is still within the window of the next look', () => {
  const { variables: alerts } = resource('alerts/operators').module;
  const minutes = (duration: Json | undefined) => {
    const [, count, unit] = /^PT(\d+)([MH])$/.exec(text(duration)) ?? [];
    return Number(count) * (unit === 'H' ? 60 : 1);
  };
  const narrow = asList(alerts['logAlerts'])
    .map((alert) => asObject(alert))
    .filter(({ window, frequency }) => !(minutes(window) >= minutes(frequency) + 5));
  expect(narrow.map(({ name }) => name)).toEqual([]);
});

test('an alert is split by columns that its query has', () => {
  const { variables: alerts } = resource('alerts/operators').module;
  const split = asList(alerts['logAlerts']).map((alert) => asObject(alert));
  const missing = split.flatMap(({ by, query }) =>
    asList(by).filter((column) => !new RegExp(`by .*\\b${text(column)}\\b`).test(text(query))),
  );
  expect(split.filter(({ by }) => asList(by).length > 0)).not.toEqual([]);
  expect(missing).toEqual([]);
});

test('the log lines that alerts look for are written by the app', () => {
  const { variables: alerts } = resource('alerts/operators').module;
  const queries = asList(alerts['logAlerts']).map((alert) => text(asObject(alert)['query']));
  const lines = queries.flatMap((query) => [
    ...query.matchAll(/line\.what (?:==|in) \(?((?:''[\w-]+''(?:, )?)+)/g),
  ]);
  const words = new Set(
    lines.flatMap(([, list = '']) => [...list.matchAll(/[\w-]+/g)].map(([word]) => word)),
  );
  expect(words.size).toBeGreaterThan(4);
  const sources = [
    'shared/events/accept.ts',
    'shared/events/close.ts',
    'shared/events/recover.ts',
    'functions/activities.ts',
  ];
  const written = sources.map((file) => textOf(file)).join();
  expect([...words].filter((word) => !written.includes(`what: '${word}'`))).toEqual([]);
});
