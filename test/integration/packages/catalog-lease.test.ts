import { readConfig } from '../../../shared/config/config';
import { activities } from '../../../shared/domain/workflow/activities';
import { instanceId } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN, type Run } from '../../../shared/domain/workflow/run';
import { startSimulator, type Simulator } from '../../support/simulator';
import { eventually } from '../../support/eventually';
import { hostOf, servicesOver } from '../../support/call-activity';
import { plannedStep } from '../../support/steps';
import { hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let simulator: Simulator;
beforeAll(async () => {
  [storage, simulator] = await Promise.all([openStorage(), startSimulator(0)]);
});
afterAll(() => Promise.all([storage.close(), simulator.stop()]));

const AT = '2026-11-20T09:30:02.000Z';
const DEADLINE_SECONDS = 2;

function runOf(digit: string): Run {
  const eventHash = hash(digit);
  return {
    ...{ eventHash, attempt: 1, instanceId: instanceId(eventHash, 1), token: 't-1' },
    fact: {
      ...{ eventId: `e-${digit}`, eventSource: 'urn:hr:acme:workday', bodyHash: hash('b') },
      ...{ eventType: 'hr.worker.joined.v1', workerId: 'W-1001', employmentId: 'primary' },
      ...{ startDate: '2026-11-23', timeZone: 'Europe/Berlin', actAt: AT },
      ...{ occurredAt: AT, receivedAt: AT },
    },
  };
}

const step = plannedStep('finance');
const inputOf = (run: Run) => ({
  ...{ run, chain: START_OF_CHAIN, at: AT, step, intentRecorded: false },
});

/** A process of its own; `over` replaces verbs of its client. */
function aProcess(over: object = {}) {
  const { url, graph } = simulator;
  const parts = servicesOver(storage, { ...graph, deadlineMs: DEADLINE_SECONDS * 1000, ...over });
  const config = readConfig({
    ...{ PROVISIONING_QUEUE: 'q', EVENT_SOURCES: 'urn:hr:acme:workday', GRAPH_URL: url },
    ...{ RECORDS_STORAGE: storage.connectionString, AUDIT_STORAGE: storage.connectionString },
    ...{ GRAPH_DEADLINE: `${DEADLINE_SECONDS}s`, GRAPH_LAG: '10ms' },
  });
  return hostOf({ ...parts, config });
}

test('a run that dies inside the lease for good holds up others for two deadlines; its package is then finished', async () => {
  let reached = false;
  const dead = aProcess({
    createAccessPackage: () => {
      reached = true;
      return new Promise(() => undefined);
    },
  });
  void dead.call(activities.ensurePackage, inputOf(runOf('1')));
  await eventually('the package is about to be made', () => reached);
  const diedAt = Date.now();
  const lease = await storage.table('packages').read('departments', 'lease');
  expect(Date.parse(String(lease?.columns['until']))).toBeLessThanOrEqual(
    diedAt + 2 * DEADLINE_SECONDS * 1000,
  );

  const other = aProcess();
  const first = await other.call(activities.ensurePackage, inputOf(runOf('2')));
  expect(first.outcome).toMatchObject({ kind: 'later', why: 'catalog-leased' });
  const again = { ...inputOf(runOf('2')), chain: first.chain ?? START_OF_CHAIN };
  const made = await eventually(
    'the other has the package',
    async () => {
      const { outcome } = await other.call(activities.ensurePackage, {
        ...again,
        intentRecorded: true,
      });
      return outcome.kind === 'done' ? outcome : undefined;
    },
    { seconds: 30 },
  );
  expect(made.ids.accessPackageId).not.toBe('');
  const packages = (await simulator.writes()).filter((write) => write.endsWith('/accessPackages'));
  expect(packages).toHaveLength(1);
});
