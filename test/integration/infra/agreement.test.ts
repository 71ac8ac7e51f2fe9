import {
  asList,
  asObject,
  objectAt,
  textOf as text,
  type Json,
} from '../../../infra/azure/check/template';
import { tablesOf } from '../../../infra/azure/check/weaknesses';
import { readConfig, Settings } from '../../../shared/config/config';
import { createRateBudget } from '../../../shared/graph/rate-budget';
import { WRITES_PER_SECOND_OF_PROD } from '../../../shared/reports/estimate';
import { resource, textOf } from './compiled';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/service';

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

/** The names in settings.bicep. Bicep refuses a deployment with any other. */
const optional = [...textOf('infra/azure/settings.bicep').matchAll(/^ {2}([A-Z_]+):/gm)].map(
  ([, name = '']) => name,
);

/** Set by Azure, or only read without a managed identity. */
const NOT_SETTABLE = ['IDENTITY_ENDPOINT', 'ServiceBus'];

test('every setting of the app can be set in Azure', () => {
  const known = Object.keys(Settings.shape).filter((name) => !NOT_SETTABLE.includes(name));
  const settable = [...Object.keys(required), ...optional];
  expect(settable).toEqual(expect.arrayContaining(known));
});

test('the app or the host reads every setting', () => {
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

test('the app starts with the settings of a deployment', () => {
  const values = {
    ...Object.fromEntries(Object.keys(required).map((name) => [name, 'x'])),
    RECORDS_STORAGE: 'https://strecords.table.core.windows.net/',
    AUDIT_STORAGE: 'https://staudit.table.core.windows.net/',
    RECONCILE_REPORTS: 'https://strecords.blob.core.windows.net/reports',
    SEALS: 'https://staudit.blob.core.windows.net/seals',
    EVENT_SOURCES: 'urn:hr:acme',
    MOST_INSTANCES: '8',
  };
  expect(readConfig(values).storage.audit).toBe(values.AUDIT_STORAGE);
  expect(text(required['RECONCILE_REPORTS'])).toMatch(/\{0\}reports'/);
  expect(text(required['SEALS'])).toMatch(/\{0\}seals'/);
  expect(() => readConfig({ ...values, AUDIT_STORAGE: '' })).toThrow('AUDIT_STORAGE');
});

test('the optional settings accept the values that the app accepts', () => {
  const settings = textOf('infra/azure/settings.bicep');
  const choices = (name: string) =>
    [
      ...(new RegExp(`${name}: \\((.*)\\)\\?`).exec(settings)?.[1] ?? '').matchAll(/'([^']+)'/g),
    ].map(([, value]) => value);
  expect(choices('GRAPH_CLOUD')).toEqual(Settings.shape.GRAPH_CLOUD.unwrap().options);
  expect(choices('GRAPH_DIALECT')).toEqual(Settings.shape.GRAPH_DIALECT.unwrap().options);
  expect(choices('PACKAGES')).toEqual(Settings.shape.PACKAGES.unwrap().options);
});

test('the queue is configured like the one of the local stack', () => {
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

test('the tables are those of the local stack, and the audit has its own account', () => {
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

test('the scheduler has the task hub of host.json', () => {
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

test('azd deploys these files and the package to the app with its tag', () => {
  const azd = textOf('azure.yaml');
  const [, service = ''] = /^services:\n {2}(\w+):/m.exec(azd) ?? [];
  expect(azd).toMatch(/^ {2}path: infra\/azure\n {2}module: main$/m);
  expect(azd).toMatch(/^ {4}project: dist\/package$/m);
  expect(textOf('infra/package/main.ts')).toContain("join(out, 'package')");
  expect(textOf('infra/azure/modules/function-app.bicep')).toContain(
    `'azd-service-name': '${service}'`,
  );
});

test('docs/operations.md answers every alert', () => {
  const { variables: alerts } = resource('alerts/operators').module;
  const names = ['queueAlerts', 'logAlerts', 'guarded'].flatMap((list) =>
    asList(alerts[list]).map((alert) => text(asObject(alert)['name'])),
  );
  expect(names).toHaveLength(20);
  const page = textOf('docs/operations.md');
  expect(names.filter((name) => !page.includes(`| \`${name}\``))).toEqual([]);
});

test('the window of each alert covers lines that arrive up to five minutes late', () => {
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

test('the transactions by which the app inserts audit rows are no reason for an alert', () => {
  const { variables: alerts } = resource('alerts/operators').module;
  const changed = asList(alerts['logAlerts'])
    .map((alert) => asObject(alert))
    .find(({ name }) => name === 'audit-changed');
  expect(text(changed?.['query'])).toMatch(
    /EntityGroupTransaction'' and RequesterObjectId == ''\{1\}''\)', .*, parameters\('appPrincipalId'\)\)\]$/,
  );
});

test('the app writes the log lines that alerts query', () => {
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
    'shared/storage/limits.ts',
    'shared/assignments/gate.ts',
    'shared/reconcile/repairs.ts',
    'shared/evidence/seal-hours.ts',
  ];
  const written = sources.map((file) => textOf(file)).join();
  expect(
    [...words].filter(
      (word) => !written.includes(`what: '${word}'`) && !written.includes(`? '${word}' :`),
    ),
  ).toEqual([]);
});

/**
 * The limit for writes to the directory, per app and tenant: entitlement management publishes no limit of its own.
 * docs/operations.md, Scale, quotes it.
 * https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
 */
const WRITES_AT_ONCE = 3_000;
const WRITES_PER_SECOND = WRITES_AT_ONCE / 150;
/** Assumed duration of an activity, including its calls. Compare it with the durations in Application Insights. */
const ACTIVITY_SECONDS = 0.4;

/** The newest history of a joiner whose package exists. One of its activities writes to Graph. */
const histories = readdirSync(join(projectRoot(), 'test/histories'), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('package-is-complete.json'))
  .sort();
const history = textOf(join('test/histories', histories.at(-1) ?? ''));
const activities = [...history.matchAll(/"EventType":4,/g)];

const stage = (name: string) => {
  const [text = ''] = new RegExp(`var ${name} Stage = \\{.*?\\n\\}`, 's').exec(
    textOf('infra/azure/stages.bicep'),
  ) ?? [''];
  const value = (member: string) => Number(new RegExp(`${member}: (\\d+)`).exec(text)?.[1]);
  // The maximum counts only instances that are started on demand; instances that are always ready come on top.
  const instances = value('maximumInstanceCount') + value('alwaysReady');
  return { instances, each: value('activitiesPerInstance') };
};

/** The settings of a deployment that say nothing else. */
const { GRAPH_WRITE_RATE: rate } = Settings.pick({ GRAPH_WRITE_RATE: true }).parse({});

const MINUTES = 10;

test.each(['dev', 'prod'])(
  'all instances of %s together make no more than the limit of Graph permits, and almost that',
  async (name) => {
    const { instances } = stage(name);
    expect(text(required['MOST_INSTANCES'])).toBe(
      "[string(add(parameters('stage').maximumInstanceCount, parameters('stage').alwaysReady))]",
    );
    const one = await writesOfOne(instances);
    const permitted = WRITES_AT_ONCE + MINUTES * 60 * WRITES_PER_SECOND;
    expect(instances * one).toBeLessThanOrEqual(permitted);
    expect(instances * one).toBeGreaterThan(0.9 * permitted);
  },
);

/** What one of so many instances writes in some minutes, if it always has something to write and never hears of the others. */
async function writesOfOne(mostInstances: number): Promise<number> {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const now = () => time;
  const budget = createRateBudget({
    writesPerSecond: rate,
    readsPerSecond: 100,
    mostInstances,
    now,
  });
  let writes = 0;
  let waiting: number[] = [];
  const ask = async (slot?: number): Promise<boolean> => {
    const seconds = await budget.admit({ rank: 'grant' }, slot);
    if (seconds === 0) writes += 1;
    else waiting.push(time + seconds * 1000);
    return seconds === 0;
  };
  for (const end = time + MINUTES * 60_000; time < end; time += 1000) {
    const due = waiting.filter((slot) => slot <= time);
    waiting = waiting.filter((slot) => slot > time);
    for (const slot of due) await ask(slot);
    while (await ask());
  }
  return writes;
}

test('the instances of production can use up the rate of writes, and make as many as the estimate says', () => {
  const { instances, each } = stage('prod');
  const writesPerSlot = 1 / activities.length / ACTIVITY_SECONDS;
  expect(instances * each * writesPerSlot).toBeGreaterThan(rate);
  expect(Math.floor(instances * each * writesPerSlot)).toBe(WRITES_PER_SECOND_OF_PROD);
});
