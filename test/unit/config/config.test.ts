import { TableClient } from '@azure/data-tables';
import { readConfig, busAddress, pollSchedule, secondsOf } from '../../../shared/config/config';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTimeSpan, readHostJson } from '../../../infra/local/functions-host/host-json';
import { projectRoot } from '../../../infra/local/stack/service';

const connection =
  'DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=c2VjcmV0;TableEndpoint=http://127.0.0.1:10002/acme;';
const needed = {
  PROVISIONING_QUEUE: 'provisioning-events',
  EVENT_SOURCES: 'urn:hr:acme:workday, https://hr.example.com/acme ,',
  RECORDS_STORAGE: connection,
  AUDIT_STORAGE: 'https://acmeaudit.table.core.windows.net',
};

/** The lines of the error, by the settings that they name. */
function faultsOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const faults: Record<string, string> = {};
  try {
    readConfig(env);
  } catch (error) {
    const [heading, ...lines] = (error as Error).message.split('\n');
    expect(heading).toBe('settings are missing or wrong:');
    for (const line of lines) {
      const [name = '', rule = ''] = line.trim().split(/: (.*)/);
      faults[name] = rule;
    }
  }
  return faults;
}

test('what is needed is enough; the rest has the values of a real tenant', () => {
  expect(readConfig(needed)).toMatchObject({
    sources: ['urn:hr:acme:workday', 'https://hr.example.com/acme'],
    accessModel: 'access-model.json',
    storage: { records: connection, audit: 'https://acmeaudit.table.core.windows.net' },
    graph: {
      cloud: 'global',
      url: undefined,
      dialect: 'v1.0',
      draft: {
        roots: { '000': 'v1.0', '001': 'beta', '002': 'beta', '003': 'beta', '004': 'localtest' },
        members: 'example',
        nulls: 'send',
      },
      deadlineMs: 30_000,
      lagSeconds: 2,
    },
    packages: 'ensure',
    matchAttribute: 'employeeId',
    timeouts: {
      poll: [
        ...[5, 10, 20, 30].map((every) => ({ every })),
        ...[{ every: 60, until: 1800 }, { every: 900, until: 86_400 }, { every: 3600 }],
      ],
      delivery: 3 * 86_400,
      approval: 15 * 86_400,
      partialGrace: 4 * 3600,
      identity: 14 * 86_400,
      call: 6 * 3600,
    },
    mode: 'enforce',
    exclusions: undefined,
    removals: {
      settleSeconds: 900,
      windowSeconds: 3600,
      limit: 50,
      percent: 2,
      floor: 10,
      urgentLimit: 10,
    },
    intakeHoldSeconds: 240,
    recovery: { schedule: '0 * * * * *', delaySeconds: 600 },
    identity: { clientId: undefined, managed: false },
    environment: 'Production',
  });
});

test('an empty setting is a missing one', () => {
  const empty = { ...needed, ACCESS_MODEL: '', POLL_SCHEDULE: '', GRAPH_URL: '' };
  expect(readConfig(empty)).toEqual(readConfig(needed));
  expect(Object.keys(faultsOf({ ...needed, EVENT_SOURCES: '' }))).toEqual(['EVENT_SOURCES']);
  expect(faultsOf({ ...needed, EVENT_SOURCES: 'urn:hr, urn:joinery:clock' })).toEqual({
    EVENT_SOURCES: 'none that begins with urn:joinery:',
  });
});

const account = 'AccountName=acme;AccountKey=c2VjcmV0';
test.each([
  [true, connection],
  [true, 'UseDevelopmentStorage=true'],
  [true, `DefaultEndpointsProtocol=https;${account};EndpointSuffix=core.windows.net`],
  [true, `${account};defaultendpointsprotocol=https;endpointsuffix=core.windows.net;`],
  [true, 'TableEndpoint=https://acme.table.core.windows.net;SharedAccessSignature=sv=1&sig=a'],
  [false, account],
  [false, `${account};TableEndpoint=http://127.0.0.1:10002/acme`],
  [false, `DefaultEndpointsProtocol=https;${account}`],
  [false, `DefaultEndpointsProtocol=ftp;${account};EndpointSuffix=core.windows.net`],
  [false, 'DefaultEndpointsProtocol=https;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net'],
  [
    false,
    'DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=;EndpointSuffix=core.windows.net',
  ],
  [false, 'TableEndpoint=https://acme.table.core.windows.net'],
  [false, 'TableEndpoint=acme;SharedAccessSignature=sv=1'],
])('the SDK and the settings agree: %s for the connection string "%s"', (isRight, text) => {
  const open = () => TableClient.fromConnectionString(text, 'claims');
  if (isRight) expect(open).not.toThrow();
  else expect(open).toThrow();
  const faults = faultsOf({ ...needed, AUDIT_STORAGE: text });
  expect(Object.keys(faults)).toEqual(isRight ? [] : ['AUDIT_STORAGE']);
});

test.each([
  [true, '*/5 * * * * *'],
  [true, '0 30 9-17/2 1,15 jan-MAR Mon-Fri'],
  [true, '0 0 0 29 2 7'],
  [false, '60 * * * * *'],
  [false, '0 * 24 * * *'],
  [false, '0 * * * 13 *'],
  [false, '0 */0 * * * *'],
  [false, '0 * * * *'],
  [false, '0 often * * * *'],
])('%s: the host can fire a timer by "%s"', (isRight, text) => {
  const faults = Object.keys(faultsOf({ ...needed, SUPERVISE_SCHEDULE: text }));
  expect(faults).toEqual(isRight ? [] : ['SUPERVISE_SCHEDULE']);
});

test('all that is missing is named at once', () => {
  expect(faultsOf({})).toEqual({
    PROVISIONING_QUEUE: 'the name of the queue',
    EVENT_SOURCES: 'the URIs of the HR systems, separated by commas',
    RECORDS_STORAGE: 'a connection string, or the https address of a table endpoint',
    AUDIT_STORAGE: 'a connection string, or the https address of a table endpoint',
  });
});

const wrong: Record<string, string> = {
  EVENT_SOURCES: 'urn:hr:acme:workday,CANARY',
  RECORDS_STORAGE: 'CANARY',
  AUDIT_STORAGE: 'https://[CANARY',
  GRAPH_CLOUD: 'CANARY',
  GRAPH_URL: 'CANARY',
  GRAPH_DIALECT: 'CANARY',
  GRAPH_DRAFT_ROOTS: '004=CANARY/users',
  GRAPH_DRAFT_MEMBERS: 'CANARY',
  GRAPH_DRAFT_NULLS: 'CANARY',
  GRAPH_DEADLINE: 'CANARY',
  GRAPH_LAG: 'CANARY',
  PACKAGES: 'CANARY',
  MATCH_ATTRIBUTE: "CANARY'",
  POLL_SCHEDULE: '5s CANARY',
  DELIVERY_DEADLINE: 'CANARY',
  APPROVAL_DEADLINE: '-1d',
  PARTIAL_GRACE: 'CANARY',
  IDENTITY_DEADLINE: 'CANARY',
  CALL_PATIENCE: 'CANARY',
  MODE: 'CANARY',
  REMOVAL_SETTLE: 'CANARY',
  REMOVAL_WINDOW: 'CANARY',
  REMOVAL_LIMIT: 'CANARY',
  REMOVAL_PERCENT: 'CANARY',
  REMOVAL_FLOOR: 'CANARY',
  URGENT_REMOVAL_LIMIT: 'CANARY',
  INTAKE_HOLD: 'CANARY',
};

test('all that is wrong is named at once with what it should be, and no value is shown', () => {
  const faults = faultsOf({ ...needed, ...wrong });
  expect(Object.keys(faults).sort()).toEqual(Object.keys(wrong).sort());
  expect(JSON.stringify(faults)).not.toContain('CANARY');
  expect(Object.values(faults).every((rule) => rule.length > 5)).toBe(true);
});

test.each(Object.entries(wrong))('%s alone is found wrong', (name, value) => {
  expect(Object.keys(faultsOf({ ...needed, [name]: value }))).toEqual([name]);
});

test.each(['passwordPolicies', 'userType', 'employeeid'])(
  '%s as the match attribute is refused, and the error lists what is allowed',
  (name) => {
    const { MATCH_ATTRIBUTE: rule = '' } = faultsOf({ ...needed, MATCH_ATTRIBUTE: name });
    expect(rule).toContain('employeeId, city,');
    expect(rule).toContain('onPremisesSamAccountName');
  },
);

test('a call to Graph without any time is refused', () => {
  expect(faultsOf({ ...needed, GRAPH_DEADLINE: '0s' })).toEqual({
    GRAPH_DEADLINE: 'a duration above 0s',
  });
});

test.each([
  ['REMOVAL_LIMIT', '-1'],
  ['REMOVAL_LIMIT', '2.5'],
  ['REMOVAL_PERCENT', '0'],
  ['REMOVAL_PERCENT', '101'],
  ['REMOVAL_PERCENT', '2 %'],
  ['REMOVAL_WINDOW', '0s'],
  ['MODE', 'off'],
])('%s of %s is refused', (name, value) => {
  expect(Object.keys(faultsOf({ ...needed, [name]: value }))).toEqual([name]);
});

test('the limits of removals are as they are set', () => {
  const set = { REMOVAL_LIMIT: '0', REMOVAL_PERCENT: '0.5', URGENT_REMOVAL_LIMIT: '3' };
  expect(readConfig({ ...needed, ...set }).removals).toMatchObject({
    ...{ limit: 0, percent: 0.5, urgentLimit: 3 },
  });
});

test('Azure tells by its endpoint that there is a managed identity', () => {
  const env = { ...needed, IDENTITY_ENDPOINT: 'http://169.254.0.1/', AZURE_CLIENT_ID: 'c-1' };
  expect(readConfig(env).identity).toEqual({ clientId: 'c-1', managed: true });
});

test('a root of the draft dialect that is not given is that of its document', () => {
  const { draft } = readConfig({ ...needed, GRAPH_DRAFT_ROOTS: '001=v1.0, 004=beta' }).graph;
  expect(draft.roots).toEqual({
    ...{ '000': 'v1.0', '001': 'v1.0', '002': 'beta', '003': 'beta', '004': 'beta' },
  });
});

test.each(['005=beta', '004', '004=beta=v1.0', '004=', '004=..'])(
  'roots of the draft dialect such as "%s" are refused',
  (roots) => {
    expect(Object.keys(faultsOf({ ...needed, GRAPH_DRAFT_ROOTS: roots }))).toEqual([
      'GRAPH_DRAFT_ROOTS',
    ]);
  },
);

test.each([
  ['Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b', 5671],
  ['SharedAccessKeyName=a;SharedAccessKey=b;Endpoint=sb://acme.servicebus.windows.net', 5671],
  ['Endpoint=sb://acme.servicebus.windows.net;UseDevelopmentEmulator=true;', 5672],
  ['Endpoint=sb://acme.servicebus.windows.net:5673;UseDevelopmentEmulator=true;', 5673],
])('the address in %s', (connection, port) => {
  const address = { host: 'acme.servicebus.windows.net', port };
  expect(busAddress(connection, undefined)).toEqual(address);
});

test('a namespace by its name is reached by TLS', () => {
  const name = 'acme.servicebus.windows.net';
  expect(busAddress(undefined, name)).toEqual({ host: name, port: 5671 });
  expect(busAddress('', name)).toEqual({ host: name, port: 5671 });
});

test.each([undefined, '', 'nonsense', 'Endpoint=nowhere'])('no address in %p', (connection) => {
  expect(busAddress(connection, undefined)).toBeUndefined();
});

test.each([
  ['500ms', 0.5],
  ['0s', 0],
  ['30s', 30],
  ['10m', 600],
  ['4h', 14_400],
  ['14d', 1_209_600],
  [' 5s ', 5],
])('%j is %d seconds', (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds);
});

test.each(['', '5', 's', '-5s', '1.5h', '5 s', '5S', '5w', '1e3s', '5s5s', '9999999999s', 'PT5S'])(
  '%j is no duration',
  (text) => {
    expect(secondsOf(text)).toBeUndefined();
  },
);

test('a poll schedule is single waits, waits repeated until a time, and one without end', () => {
  expect(pollSchedule(' 5s  10s 60s<30m\t15m<24h 1h ')).toEqual([
    { every: 5 },
    { every: 10 },
    { every: 60, until: 1800 },
    { every: 900, until: 86_400 },
    { every: 3600 },
  ]);
  expect(pollSchedule('500ms')).toEqual([{ every: 0.5 }]);
});

test.each([
  '',
  '   ',
  '60s<30m',
  '5s 60s<30m',
  '0s',
  '5s 0s',
  '5s<',
  '<5s',
  '5s<1m<2m 1h',
  '5s, 10s',
  'soon',
  '5s soon',
])('%j is no poll schedule', (text) => {
  expect(pollSchedule(text)).toBeUndefined();
});

type BusConfig = {
  UserConfig: {
    Namespaces: { Queues: { Name: string; Properties: { MaxDeliveryCount: number } }[] }[];
  };
};

const storage = 'UseDevelopmentStorage=true';
const { intakeHoldSeconds } = readConfig({
  ...{ PROVISIONING_QUEUE: 'q', EVENT_SOURCES: 'urn:a' },
  ...{ RECORDS_STORAGE: storage, AUDIT_STORAGE: storage },
});
const busConfig = JSON.parse(
  readFileSync(join(projectRoot(), 'infra/local/service-bus/Config.json'), 'utf8'),
) as BusConfig;

test('an outage of half an hour dead-letters nothing: deliveries times hold last longer', () => {
  const queues = busConfig.UserConfig.Namespaces.flatMap(({ Queues }) => Queues);
  const queue = queues.find(({ Name }) => Name === 'provisioning-events');
  const deliveries = queue?.Properties.MaxDeliveryCount ?? 0;
  expect(deliveries * intakeHoldSeconds).toBeGreaterThanOrEqual(30 * 60);
});

test('the lock is renewed, and the function may run, for longer than a message is held', () => {
  const { serviceBus } = readHostJson(projectRoot(), () => undefined);
  const held = intakeHoldSeconds * 1000;
  // The last try may begin just before the hold is over, and then take its time.
  expect(serviceBus.maxAutoLockRenewalDuration).toBeGreaterThanOrEqual(held + 60_000);
  const hostJson = JSON.parse(readFileSync(join(projectRoot(), 'host.json'), 'utf8')) as {
    functionTimeout: string;
  };
  expect(parseTimeSpan(hostJson.functionTimeout)).toBeGreaterThanOrEqual(held + 60_000);
});

test('a roster needs its map and a source that is listened to', () => {
  expect(readConfig(needed).reconcile.roster).toBeUndefined();
  const roster = { RECONCILE_ROSTER: 'roster.csv', RECONCILE_ROSTER_SOURCE: 'urn:hr:acme:other' };
  expect(Object.keys(faultsOf({ ...needed, ...roster }))).toEqual([
    'RECONCILE_ROSTER_MAP',
    'RECONCILE_ROSTER_SOURCE',
  ]);
  const sound = {
    RECONCILE_ROSTER_MAP: 'map.json',
    RECONCILE_ROSTER_SOURCE: 'urn:hr:acme:workday',
  };
  const asOf = { RECONCILE_ROSTER_AS_OF: '2026-11-01T02:00:00+02:00' };
  expect(readConfig({ ...needed, ...roster, ...sound, ...asOf }).reconcile.roster).toEqual({
    ...{ place: 'roster.csv', map: 'map.json', source: 'urn:hr:acme:workday' },
    asOf: '2026-11-01T00:00:00.000Z',
  });
  expect(Object.keys(faultsOf({ ...needed, RECONCILE_ROSTER_AS_OF: 'today' }))).toEqual([
    'RECONCILE_ROSTER_AS_OF',
  ]);
});

test.each([
  'reports',
  'http://acme.blob.core.windows.net/reports',
  'https://acme.blob.core.windows.net/reports?sv=2024&sig=CANARY',
  'https://acme.blob.core.windows.net/reports/',
  'DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=CANARY',
])('a container for reports is an https address without a key: %s is refused', (text) => {
  expect(Object.keys(faultsOf({ ...needed, RECONCILE_REPORTS: text }))).toEqual([
    'RECONCILE_REPORTS',
  ]);
});

test('reports go into the container that is named, and into none by default', () => {
  expect(readConfig(needed).reconcile.reports).toBeUndefined();
  const RECONCILE_REPORTS = 'https://acme.blob.core.windows.net/reports';
  expect(readConfig({ ...needed, RECONCILE_REPORTS }).reconcile.reports).toBe(RECONCILE_REPORTS);
});

test('seals go into a container by its https address, or into a signed one of this machine', () => {
  expect(readConfig(needed).seals).toEqual({ container: undefined, schedule: '0 5 * * * *' });
  for (const place of [
    'acme.blob.core.windows.net/seals',
    'acme.blob.core.windows.net/seals?sig=K',
  ])
    expect(Object.keys(faultsOf({ ...needed, SEALS: `http://${place}` }))).toEqual(['SEALS']);
  const signed = 'acme.blob.core.windows.net/seals?sig=CANARY';
  expect(Object.keys(faultsOf({ ...needed, SEALS: `https://${signed}` }))).toEqual(['SEALS']);
  for (const SEALS of [
    'https://acme.blob.core.windows.net/seals',
    'http://127.0.0.1:10000/devstoreaccount1/seals?sig=x',
  ])
    expect(readConfig({ ...needed, SEALS }).seals.container).toBe(SEALS);
});

test('a setting that is none of its choices is told which there are', () => {
  expect(faultsOf({ ...needed, MODE: 'sometimes' })).toMatchObject({
    MODE: expect.stringMatching(/^must be one of .*enforce/) as string,
  });
});
