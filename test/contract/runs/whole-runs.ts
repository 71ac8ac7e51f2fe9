import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimAttempt } from '../../../functions/intake/claim-attempt';
import { usualSettings, type GraphSettings } from '../../../infra/local/graph/settings';
import { projectRoot } from '../../../infra/local/part';
import { accessChange } from '../../../orchestrations/access-change';
import { calls, type Activity } from '../../../orchestrations/calls';
import { createLedgerReader } from '../../../shared/audit/read-ledger';
import { chainFaults } from '../../../shared/audit/verify-chain';
import { instanceId } from '../../../shared/domain/keys';
import { readEvent } from '../../../shared/domain/read-event';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { readConfig } from '../../../shared/settings/config';
import { joined } from '../../faults/events';
import { runOrchestration } from '../../replay/run-orchestration';
import { CURRENT_VERSION } from '../../replay/story';
import { startSimulator } from '../graph-client/simulator';
import { hostOf, partsOver } from '../records/call-activity';
import { openStorage } from '../records/storage';

type Name = keyof typeof calls;
export type Told = {
  id?: string;
  workerId: string;
  department: string;
  /** What happens in the tenant just before the first call of an activity. */
  before?: Partial<Record<Name, () => Promise<unknown>>>;
};

/** Long enough for a slow machine, short enough to be waited out. */
export const DEADLINE_MS = 1_000;

/**
 * Events from claim to close: the orchestration on a virtual clock, and everything below it real: activities, tables in
 * Azurite, the Graph client and the simulator. Days of waiting pass at once; what the simulator does takes real time.
 */
export async function openWholeRuns(more: Partial<GraphSettings> = {}, scripts: object[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-runs-'));
  const sample = await readFile(join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json'));
  const tenant = { ...(JSON.parse(sample.toString()) as object), scripts };
  const tenantFile = join(folder, 'tenant.json');
  await writeFile(tenantFile, JSON.stringify(tenant));
  const quick = { ...usualSettings, deliveryMs: 1, policyMs: 1, tenantFile, ...more };
  const [storage, simulator] = await Promise.all([
    openStorage(),
    startSimulator(quick.lagMs, 'v1.0', quick),
  ]);
  const config = readConfig({
    ...{ PROVISIONING_QUEUE: 'q', EVENT_SOURCES: 'urn:hr:acme:workday', GRAPH_LAG: '10ms' },
    ...{ RECORDS_STORAGE: storage.connectionString, AUDIT_STORAGE: storage.connectionString },
    ...{ GRAPH_URL: simulator.url, IDENTITY_DEADLINE: '12h' },
  });
  const reader = createLedgerReader(storage.table('audit'), storage.table('auditIndex'));

  /** A process of its own, as another instance of the app would be. */
  const aProcess = () => {
    const graph = createEntitlements({
      ...{ root: simulator.url, dialect: 'v1.0', deadlineMs: DEADLINE_MS, appVersion: 'test' },
    });
    return { ...partsOver(storage, graph), config };
  };

  /** Tells one event to its end: what its closing row says, and the calls that Graph was asked meanwhile. */
  const tell = async ({ id, workerId, department, before = {} }: Told, parts = aProcess()) => {
    const event = { workerId, attributes: { department, workerType: 'employee' } };
    const read = readEvent(joined({ ...event, ...(id && { id }) }).body, config);
    if (read.kind !== 'accepted') throw new Error('the event keeps the contract');
    const startAt = new Date();
    const delivery = { now: startAt.toISOString(), owner: 'a-test' };
    const claimed = await claimAttempt(parts, read, undefined, delivery);
    if (claimed === 'id-reused' || !claimed.attempt) throw new Error('the event is new');
    const { eventHash } = read;
    const asked = (await simulator.log()).length;
    const { status, now } = await runOrchestration({
      orchestrators: { accessChange },
      start: 'accessChange',
      instanceId: instanceId(eventHash, claimed.attempt),
      input: { eventHash, attempt: claimed.attempt, token: `token-${eventHash.slice(0, 8)}` },
      activities: activitiesOf(hostOf(parts), before),
      ...{ startAt, version: CURRENT_VERSION },
    });
    const rows = await reader.ofEvent(eventHash);
    const claim = await parts.claims.read(eventHash);
    const closing = rows.filter(({ kind }) => kind === 'closing');
    expect({ status, state: claim?.state, closed: closing.length }).toEqual({
      ...{ status: 'Completed', state: 'closed', closed: 1 },
    });
    expect(chainFaults(rows, { attempt: 1, ...(claim?.chain ?? { seq: 0, hash: '' }) })).toEqual(
      [],
    );
    const { outcome, reason } = closing[0] ?? {};
    return {
      ending: reason === undefined ? outcome : `${outcome}: ${reason}`,
      days: (now.getTime() - startAt.getTime()) / 86_400_000,
      calls: (await simulator.log()).slice(asked),
    };
  };

  return {
    ...{ simulator, storage, aProcess, tell },
    close: async () => {
      await Promise.all([storage.close(), simulator.stop()]);
      await rm(folder, { recursive: true });
    },
  };
}

function activitiesOf(host: ReturnType<typeof hostOf>, before: NonNullable<Told['before']>) {
  const pending = { ...before };
  const activities = Object.values(calls).map((activity) => [
    activity.name,
    async (input: never) => {
      const meanwhile = pending[activity.name as Name];
      pending[activity.name as Name] = () => Promise.resolve();
      await meanwhile?.();
      return host.call(activity as Activity<never, object>, input);
    },
  ]);
  return Object.fromEntries(activities) as Record<string, (input: never) => Promise<unknown>>;
}
