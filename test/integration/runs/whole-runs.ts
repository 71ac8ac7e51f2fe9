import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usualSettings, type GraphSettings } from '../../../infra/local/graph/settings';
import { projectRoot } from '../../../infra/local/stack/part';
import type { activities } from '../../../shared/domain/workflow/activities';
import { createLedgerReader } from '../../../shared/storage/audit';
import { chainFaults } from '../../../shared/storage/verify-chain';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { createEntitlements } from '../../../shared/graph/entitlements';
import { joinerMessage, type TestMessage } from '../../support/events';
import { readGraph, readTables } from '../../resilience/invariants/evidence';
import { violations } from '../../resilience/invariants/violations';
import { startSimulator } from '../graph/simulator';
import { openStorage } from '../storage/storage';
import { startProcess } from './process';
import { asItIs, claim, tellRun, type Called } from './tell-run';

type Name = keyof typeof activities;
export type Told = {
  id?: string;
  workerId: string;
  department: string;
  /** What happens in the tenant just before the first call of an activity. */
  before?: Partial<Record<Name, () => Promise<unknown>>>;
};

/** Long enough for a slow machine, short enough to be waited out. */
export const DEADLINE_MS = 1_000;
/** Seconds; two weeks of looking would take half a minute of CPU. */
const HALF_A_DAY = 43_200;

/** Events from claim to close, each in a process of its own, in a tenant whose requests go by `scripts`. */
export async function openWholeRuns(more: Partial<GraphSettings> = {}, scripts: object[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-runs-'));
  const sample = await readFile(join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json'));
  const tenantFile = join(folder, 'tenant.json');
  const tenant = { ...(JSON.parse(sample.toString()) as object), scripts };
  await writeFile(tenantFile, JSON.stringify(tenant));
  const quick = { ...usualSettings, deliveryMs: 1, policyMs: 1, lagMs: 0, tenantFile, ...more };
  const [storage, simulator] = await Promise.all([openStorage(), startSimulator(0, 'v1.0', quick)]);
  const reader = createLedgerReader(storage.table('audit'), storage.table('auditIndex'));

  const sent: TestMessage[] = [];

  const aProcess = () => {
    const graph = createEntitlements({
      ...{ root: simulator.url, dialect: 'v1.0', deadlineMs: DEADLINE_MS, appVersion: 'test' },
    });
    return startProcess(storage, { graph }, undefined, { identity: HALF_A_DAY });
  };

  /** Tells one event to its end: what its closing row says, and the calls that Graph was asked meanwhile. */
  const tell = async ({ id, workerId, department, before = {} }: Told) => {
    const attributes = { department, workerType: 'employee' };
    const event = joinerMessage(workerId, attributes, id === undefined ? {} : { id });
    const { eventHash } = event;
    sent.push(event);
    const process = aProcess();
    await claim(process, event);
    const asked = (await simulator.log()).length;
    await tellRun({
      ...{ eventHash, token: `token-${workerId}`, pauseMs: 0 },
      start: () => process,
      perform: meanwhile(before),
    });
    const rows = await reader.ofEvent(eventHash);
    const stored = await process.parts.claims.read(eventHash);
    const closing = rows.filter(({ kind }) => kind === 'closing');
    expect([stored?.state, closing.length]).toEqual(['closed', 1]);
    const { outcome, reason } = closing[0] ?? {};
    const chain = stored?.chain ?? START_OF_CHAIN;
    expect(chainFaults(rows, { attempt: 1, ...chain })).toEqual([]);
    return {
      ending: reason === undefined ? outcome : `${outcome}: ${reason}`,
      calls: (await simulator.log()).slice(asked),
    };
  };

  /** What the checker of the fault tests finds wrong with all that was told so far. */
  const faults = async (): Promise<string[]> => {
    const tables = await readTables(storage.connectionString);
    const evidence = { tables, ...(await readGraph(simulator.url)) };
    return violations({ ...evidence, queue: [], deadLetters: [], texts: [] }, { sent });
  };

  return {
    ...{ simulator, aProcess, tell, faults },
    close: async () => {
      await Promise.all([storage.close(), simulator.stop()]);
      await rm(folder, { recursive: true });
    },
  };
}

function meanwhile(before: NonNullable<Told['before']>) {
  const pending = new Map(Object.entries(before));
  return async (process: ReturnType<typeof startProcess>, called: Called): Promise<unknown> => {
    const { name } = called.activity;
    const happens = pending.get(name);
    pending.delete(name);
    await happens?.();
    return asItIs(process, called);
  };
}
