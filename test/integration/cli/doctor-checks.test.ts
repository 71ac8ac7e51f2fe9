import { AzureNamedKeyCredential, generateAccountSas } from '@azure/data-tables';
import { doctor, examine } from '../../../cli/doctor';
import { checkDeadLetters, checkQueue } from '../../../cli/doctor/checks/queue';
import { checkAudit, checkRecords, checkSeals } from '../../../cli/doctor/checks/stores';
import { createDoctorContext, type DoctorContext } from '../../../cli/doctor/context';
import { graphOptions } from '../../../cli/graph';
import { readConfig } from '../../../shared/config/config';
import { signedContainer } from '../../../infra/local/blobs/signed-container';
import { addBlob, blobIn } from '../../../shared/blobs';
import { hourAfter, hourOf } from '../../../shared/domain/evidence/hours';
import { NO_ROOT, sealOf } from '../../../shared/domain/evidence/seal';
import { openSeals } from '../../../shared/storage/seals';
import { openTable } from '../../../shared/storage/table';
import { startTestBus, type TestBus } from '../../simulators/service-bus/setup';
import { QUEUE } from '../../support/events';
import { openStorage, type Storage } from '../../support/storage';
import { capturePrinted } from '../../support/printed';

/* What the checks of stores and queue find where they are refused, at a local bus and local tables that refuse. */

let storage: Storage;
let setup: TestBus;
beforeAll(async () => {
  [storage, setup] = await Promise.all([openStorage(), startTestBus({ [QUEUE]: {} })]);
});
afterAll(() => Promise.all([storage.close(), setup.close()]));

const settingsWith = (changes: Record<string, string> = {}) => ({
  PROVISIONING_QUEUE: QUEUE,
  EVENT_SOURCES: 'urn:hr:acme:workday',
  RECORDS_STORAGE: storage.connectionString,
  AUDIT_STORAGE: storage.connectionString,
  ServiceBus: setup.bus.connectionString,
  GRAPH_URL: 'http://127.0.0.1:1',
  GRAPH_DEADLINE: '1s',
  ...changes,
});

/** `managed`: as the app itself asks, in Azure. */
function contextOf(changes: Record<string, string>, managed = false): DoctorContext {
  const settings = settingsWith(changes);
  const config = readConfig(settings);
  const app = { settings, local: false };
  const context = createDoctorContext(app, config, graphOptions(config, [], {}));
  return {
    ...context,
    config: { ...config, identity: { ...config.identity, managed } },
    // The tables are taken for those of Azure, where it matters who may change a row.
    isLoopback: { ...context.isLoopback, storage: false },
  };
}

const partOf = (name: string): string =>
  new RegExp(`${name}=([^;]+)`).exec(storage.connectionString)?.[1] ?? '';

/** The local tables under a shared access signature with these permissions alone. */
function allowedTo(permissions: Parameters<typeof generateAccountSas>[1]): string {
  const credential = new AzureNamedKeyCredential(partOf('AccountName'), partOf('AccountKey'));
  const signature = generateAccountSas(credential, permissions);
  return `TableEndpoint=${partOf('TableEndpoint')};SharedAccessSignature=${signature}`;
}
const reading = () => allowedTo({ permissions: { query: true } });
const changing = () => allowedTo({ permissions: { query: true, add: true, update: true } });
const adding = () => allowedTo({ permissions: { add: true } });

const brief = (findings: Awaited<ReturnType<typeof checkAudit>>) =>
  findings.map(({ level, name, about }) => ({ level, name, about }));

describe('seals', () => {
  const container = (permissions = 'rcl'): string =>
    signedContainer(storage.connectionString, 'seals', permissions);
  const found = (SEALS: string, managed = false) =>
    checkSeals(contextOf(SEALS === '' ? {} : { SEALS }, managed));
  const write = (name: string, text: string): Promise<void> =>
    addBlob(blobIn(container(), `${name}.json`), { text, type: 'application/json' }, { name });

  test('say which is the last, and whether it is late or no seal', async () => {
    expect(brief(await found(''))).toEqual([
      { level: 'warning', name: 'not-sealed', about: 'SEALS' },
    ]);
    expect(await found(container())).toEqual([{ level: 'ok', text: 'no hour is sealed yet' }]);
    const on = openSeals(container());
    const sealed = (hour: string) => on.add(sealOf({ hour, previous: NO_ROOT, leaves: [] }));
    await sealed('2026-11-20T09');
    await sealed('2099-01-01T00');
    expect(brief(await found(container()))).toEqual([
      { level: 'warning', name: 'seals-late', about: 'SEALS' },
    ]);
    const last = hourAfter(hourOf(Date.now()), -1);
    await sealed(last);
    expect(await found(container())).toEqual([
      { level: 'ok', text: `2 hours are sealed, the last is ${last}` },
    ]);
    const next = hourAfter(last);
    await write(next, '{}');
    expect(brief(await found(container()))).toEqual([
      { level: 'fault', name: 'seal-unreadable', about: next },
    ]);
  });

  test.each([
    [
      'is missing',
      () => container().replace('seals', 'absent'),
      false,
      'container-missing',
      'fault',
    ],
    ['the app may not list', () => container('c'), true, 'container-not-readable', 'fault'],
    ['a person may not list', () => container('c'), false, 'container-not-readable', 'warning'],
    ['is not reached', () => 'http://127.0.0.1:1/seals', false, 'store-unreachable', 'fault'],
  ])('that %s are named', async (_, at, managed, name, level) => {
    expect(brief(await found(at(), managed))).toEqual([{ level, name, about: 'SEALS' }]);
  });
});

describe('tables', () => {
  const all = 'claims, workers, packages, due, limits, removals, staging';

  test.each([
    ['the app', true, 'fault', 'the app may not write it'],
    ['a person', false, 'warning', 'you may not write it'],
  ])('of the records that %s may only read are named', async (_, managed, level, text) => {
    const findings = await checkRecords(contextOf({ RECORDS_STORAGE: reading() }, managed));
    expect(findings).toMatchObject([{ level, name: 'table-not-writable', about: all, text }]);
  });

  test.each([
    ['the app', true, 'fault', /: may not be read$/],
    ['a person', false, 'warning', /: may not be read by you$/],
  ])(
    'that %s may not read are named once, with the code of the store',
    async (_, managed, level, text) => {
      const context = contextOf({ RECORDS_STORAGE: adding(), AUDIT_STORAGE: adding() }, managed);
      const [records, audit] = await Promise.all([checkRecords(context), checkAudit(context)]);
      expect(brief(records)).toEqual([{ level, name: 'table-not-readable', about: all }]);
      expect(brief(audit)).toEqual([
        { level, name: 'table-not-readable', about: 'audit, auditIndex' },
      ]);
      expect(records[0]?.text).toMatch(/^Authoriz\w+: /);
      expect(records[0]?.text).toMatch(text);
    },
  );

  test('of the audit whose rows the account could change are a warning, and none if it only reads', async () => {
    const changeable = await checkAudit(contextOf({ AUDIT_STORAGE: changing() }));
    expect(brief(changeable)).toEqual([
      { level: 'warning', name: 'audit-changeable', about: 'AUDIT_STORAGE' },
    ]);
    expect(await checkAudit(contextOf({ AUDIT_STORAGE: reading() }))).toEqual([
      { level: 'ok', text: 'both tables exist, and this account cannot change their rows' },
    ]);
    expect(await storage.table('audit').list('doctor')).toEqual([]);
  });

  test('that nobody is signed in to are not checked, whatever the network', async () => {
    const nobody = {
      getToken: () =>
        Promise.reject(Object.assign(new Error('CANARY'), { name: 'CredentialUnavailableError' })),
    };
    const context = contextOf({ RECORDS_STORAGE: 'https://acme.invalid' });
    const table = (at: string, name: string) => openTable(at, name, nobody);
    expect(brief(await checkRecords({ ...context, table }))).toEqual([
      { level: 'warning', name: 'not-checked', about: undefined },
    ]);
  });
});

describe('the queue', () => {
  const under = (policy: string): Record<string, string> => ({
    ServiceBus: setup.bus.connectionString.replace(
      /SharedAccessKeyName=[^;]+/,
      `SharedAccessKeyName=${policy}`,
    ),
  });

  test('that refuses the key of the app is a fault, and its dead letters are not checked', async () => {
    const context = contextOf(under('SendOnly'));
    const [queue, letters] = await Promise.all([checkQueue(context), checkDeadLetters(context)]);
    expect(queue).toMatchObject([{ level: 'fault', name: 'queue-refused', about: QUEUE }]);
    expect(letters).toMatchObject([{ name: 'not-checked', todo: 'see the check "queue"' }]);
  });

  test('at an address where nothing listens is unreachable, and what to check is said', async () => {
    const ServiceBus = setup.bus.connectionString.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1');
    const context = contextOf({ ServiceBus });
    expect(await checkQueue(context)).toMatchObject([
      {
        level: 'fault',
        name: 'queue-unreachable',
        todo: expect.stringMatching(/^check ServiceBus/) as string,
      },
    ]);
  });

  test('that receives with this key and has nothing to hide is ok without its properties', async () => {
    const context = contextOf(under('ListenOnly'));
    expect(await checkQueue(context)).toMatchObject([
      { level: 'ok', text: expect.stringContaining('so they are not checked') as string },
    ]);
    expect(await checkDeadLetters(context)).toEqual([{ level: 'ok', text: 'none' }]);
  });
});

describe('the report', () => {
  const printed = capturePrinted();
  afterEach(() => {
    process.exitCode = 0;
  });
  const options = { deadline: 30, json: false };

  test('of settings that are wrong has each as a fault, all other checks as skipped, and ends with 1', async () => {
    const app = {
      settings: settingsWith({ GRAPH_LAG: 'CANARY', EVENT_SOURCES: '' }),
      local: false,
    };
    await doctor(app, { ...options, json: true });
    const { faults, findings } = JSON.parse(printed()) as {
      faults: number;
      findings: { check: string; level: string; about?: string; name?: string }[];
    };
    expect(process.exitCode).toBe(1);
    const wrong = findings.filter(({ level }) => level === 'fault');
    expect(wrong.map(({ about }) => about).sort()).toEqual([
      'AzureWebJobsStorage',
      'EVENT_SOURCES',
      'GRAPH_LAG',
    ]);
    expect(faults).toBe(wrong.length);
    const skipped = findings.filter(({ name }) => name === 'not-checked');
    expect(skipped).toHaveLength(18);
    expect(printed()).not.toContain('CANARY');
    const asJson = printed();
    await doctor(app, options);
    const asText = printed().slice(asJson.length);
    expect(asText).toMatch(
      /^fault +settings +setting-wrong +GRAPH_LAG +it is invalid\. What to do: set it to /m,
    );
    expect(asText).toMatch(/\n3 faults, 18 warnings\n$/);
  });

  test('of a check that has no answer in time says so, and names the option that allows more', async () => {
    const app = { settings: settingsWith(), local: false };
    const lines = await examine(app, { deadlineMs: 1 });
    const late = lines.filter(({ text }) => text === 'no answer within 0.001 s');
    expect(late.map(({ check }) => check)).toEqual(expect.arrayContaining(['records', 'queue']));
    for (const { level, todo } of late) {
      expect([level, todo]).toEqual(['warning', expect.stringContaining('--deadline')]);
    }
  });
});
