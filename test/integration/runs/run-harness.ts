import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usualSettings, type GraphSettings } from '../../../infra/local/graph/settings';
import { projectRoot } from '../../../infra/local/stack/service';
import type { activities } from '../../../shared/domain/workflow/activities';
import { createLedgerReader } from '../../../shared/storage/audit';
import { chainFaults } from '../../support/chain-faults';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { createPermissions } from '../../../shared/storage/limits';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { joinerMessage, type TestMessage } from '../../support/events';
import { readGraph, readTables } from '../../resilience/invariants/evidence';
import { violations } from '../../resilience/invariants/violations';
import { startSimulator } from '../../support/simulator';
import { openStorage } from '../../support/storage';
import { startProcess, type ChangeModel } from './process';
import { callActivity, claim, driveRun, type ActivityCall } from './drive-run';

type Name = keyof typeof activities;
type Joiner = {
  id?: string;
  workerId: string;
  department: string;
  jobCode?: string;
  /** When HR stated it. */
  time?: string;
  /** A change of the tenant just before the first call of an activity. */
  before?: Partial<Record<Name, () => Promise<unknown>>>;
};

/** Long enough for a slow machine, short enough for a test. */
export const DEADLINE_MS = 1_000;
/** Seconds; two weeks of lookups would take half a minute of CPU. */
const HALF_A_DAY = 43_200;

/** Runs events from claim to close, each in its own process, in a tenant whose requests follow `scripts`. */
export async function openRunHarness(more: Partial<GraphSettings> = {}, scripts: object[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-runs-'));
  const sample = await readFile(join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json'));
  const tenantFile = join(folder, 'tenant.json');
  const tenant = { ...(JSON.parse(sample.toString()) as object), scripts };
  await writeFile(tenantFile, JSON.stringify(tenant));
  const quick = { ...usualSettings, deliveryMs: 1, policyMs: 1, lagMs: 0, tenantFile, ...more };
  const [storage, simulator] = await Promise.all([openStorage(), startSimulator(0, 'v1.0', quick)]);
  const reader = createLedgerReader(storage.table('audit'), storage.table('auditIndex'));

  const sent: TestMessage[] = [];

  const startOne = (model?: ChangeModel) => {
    const graph = createEntitlements({
      ...{ root: simulator.url, dialect: 'v1.0', deadlineMs: DEADLINE_MS, appVersion: 'test' },
      permissions: createPermissions(storage.table('limits'), () => undefined),
    });
    return startProcess(storage, { graph, model }, undefined, {
      timeouts: { identity: HALF_A_DAY },
    });
  };

  /** Drives one event to its end. Answers its closing row and the calls to Graph meanwhile. */
  const drive = async (
    { id, workerId, department, jobCode, time, before = {} }: Joiner,
    process = startOne(),
  ) => {
    const attributes = { department, workerType: 'employee', ...(jobCode && { jobCode }) };
    const event = joinerMessage(workerId, attributes, {
      ...(id !== undefined && { id }),
      ...(time !== undefined && { envelope: { time } }),
    });
    const { eventHash } = event;
    sent.push(event);
    await claim(process, event);
    const callsBefore = (await simulator.log()).length;
    await driveRun({
      ...{ eventHash, token: `token-${workerId}`, pauseMs: 0 },
      start: () => process,
      perform: beforeFirstCalls(before),
    });
    const rows = await reader.ofEvent(eventHash);
    const stored = await process.services.claims.read(eventHash);
    const closing = rows.filter(({ kind }) => kind === 'closing');
    expect([stored?.state, closing.length]).toEqual(['closed', 1]);
    const { outcome, reason } = closing[0] ?? {};
    const chain = stored?.chain ?? START_OF_CHAIN;
    expect(chainFaults(rows, { attempt: 1, ...chain })).toEqual([]);
    return {
      ending: reason === undefined ? outcome : `${outcome}: ${reason}`,
      closing: closing[0],
      calls: (await simulator.log()).slice(callsBefore),
    };
  };

  /** The violations that the invariant checker finds in all events so far. */
  /** `others`: the justifications of requests that a test has planted. */
  const faults = async (others: string[] = []): Promise<string[]> => {
    const tables = await readTables(storage.connectionString);
    const evidence = { tables, ...(await readGraph(simulator.url)) };
    return violations({ ...evidence, queue: [], deadLetters: [], texts: [] }, { sent, others });
  };

  return {
    ...{ simulator, startOne, drive, faults },
    close: async () => {
      await Promise.all([storage.close(), simulator.stop()]);
      await rm(folder, { recursive: true });
    },
  };
}

function beforeFirstCalls(before: NonNullable<Joiner['before']>) {
  const pending = new Map(Object.entries(before));
  return async (process: ReturnType<typeof startProcess>, call: ActivityCall): Promise<unknown> => {
    const { name } = call.activity;
    const happens = pending.get(name);
    pending.delete(name);
    await happens?.();
    return callActivity(process, call);
  };
}
