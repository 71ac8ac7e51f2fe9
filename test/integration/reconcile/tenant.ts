import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GraphSettings } from '../../../infra/local/graph/settings';
import { projectRoot } from '../../../infra/local/stack/service';
import { RECHECK } from '../../../shared/domain/events/event';
import { eventHash } from '../../../shared/domain/events/keys';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import type { ReconcileOptions } from '../../../shared/domain/workflow/activities';
import { exitCodeOf } from '../../../shared/domain/reconcile/report';
import { mapConcurrent } from '../../../shared/promises';
import { readReport } from '../../../shared/reconcile/report';
import { requestReconciliation } from '../../../shared/reconcile/request';
import { createLedgerReader } from '../../../shared/storage/audit';
import { chainFaults } from '../../support/chain-faults';
import { readGraph } from '../../resilience/invariants/evidence';
import { joinerMessage, type TestMessage } from '../../support/events';
import { startSimulator, type Simulator } from '../../support/simulator';
import { openStorage } from '../../support/storage';
import { intakeOf, startingClient } from '../events/intake';
import {
  callActivity,
  claim,
  driveRun,
  type ActivityCall,
  type RunOptions,
} from '../runs/drive-run';
import { startProcess, type ChangeModel, type Death, type Process } from '../runs/process';

type Changes = NonNullable<Parameters<typeof startProcess>[3]>;
/** `simulator`: another tenant than the own one. */
type RunMore = Pick<Partial<RunOptions>, 'perform' | 'token' | 'startAt'> &
  Changes & {
    options?: ReconcileOptions;
    simulator?: Simulator;
    /**
     * Whether each activity is killed before and after each of its writes, one after the other, and only then is left alone;
     * or the activities of which that is true.
     */
    diesEverywhere?: boolean | readonly string[];
  };

/** A fact of the last minutes is left to its own run, so a run of the reconciliation begins later by its clock. */
const LATER_MS = 20 * 60_000;

/** The sample tenant with so many people, and with the members `more` of its file. */
async function tenantFile(folder: string, people: number, more: object): Promise<string> {
  const sample = await readFile(join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json'));
  const path = join(folder, 'tenant.json');
  const workers = [{ from: workerId(0), to: workerId(people - 1) }];
  const file = { ...(JSON.parse(sample.toString()) as object), users: [], workers, ...more };
  await writeFile(path, JSON.stringify({ ...file, holdings: [] }));
  return path;
}

const workerId = (n: number): string => `W-${1021 + n}`;

export async function openSimulator(
  people: number,
  more: Partial<GraphSettings> = {},
  tenant: object = {},
): Promise<Simulator> {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-reconcile-'));
  const quick = { deliveryMs: 0, policyMs: 1, ...more };
  const file = await tenantFile(folder, people, tenant);
  const simulator = await startSimulator(0, 'v1.0', { ...quick, tenantFile: file });
  const stop = async (): Promise<void> => {
    await simulator.stop();
    await rm(folder, { recursive: true });
  };
  return { ...simulator, stop };
}

/**
 * People with access in the Graph simulator, and runs of the reconciliation over them: real activities, tables and HTTP, on a
 * virtual clock. Everybody is in Sales, unless `departmentOf` says otherwise by the number of the person. Only the first
 * `joined` have joined.
 */
export async function openTenant(
  people: number,
  model: ChangeModel,
  more: Partial<GraphSettings> = {},
  departmentOf: (n: number) => string = () => 'Sales',
  joined = people,
) {
  const [storage, simulator] = await Promise.all([openStorage(), openSimulator(people, more)]);
  const start = (death?: Death, changes: Changes = {}, graph = simulator) =>
    startProcess(storage, { ...graph, model }, death, changes);
  const sent: TestMessage[] = [];
  /** Lets the intake take the event of a joiner; answers what runs it to its end. */
  const begins = async (n: number): Promise<() => Promise<void>> => {
    const attributes = { department: departmentOf(n), workerType: 'employee' };
    const event = joinerMessage(workerId(n), attributes);
    sent.push(event);
    await claim(start(), event);
    const { eventHash: hash } = event;
    return async () => {
      await driveRun({ eventHash: hash, token: `t-${hash}`, pauseMs: 0, start: () => start() });
    };
  };
  const joins = async (n: number): Promise<void> => (await begins(n))();
  const workerIds = Array.from({ length: joined }, (_, n) => workerId(n));
  // The first one makes the packages.
  await joins(0);
  await mapConcurrent(4, [...workerIds.keys()].slice(1), joins);

  const state = async () => (await readGraph(simulator.url)).graph;
  const control = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${simulator.url}/_control/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return await answer.json().catch(() => undefined);
  };
  const packageId = async (name: string): Promise<string> =>
    (await state()).accessPackages.find(({ displayName }) => displayName === name)?.id ?? '';
  const objectId = async (id: string): Promise<string> =>
    (await simulator.graph.findUsers('employeeId', id))[0]?.id ?? '';
  const assignmentOf = async (id: string, name: string): Promise<string> => {
    const [{ assignments }, held, target] = [
      await state(),
      await packageId(name),
      await objectId(id),
    ];
    const isHeld = (one: (typeof assignments)[number]): boolean =>
      one.packageId === held && one.targetId === target && !/^expired$/i.test(one.state);
    return assignments.find(isHeld)?.id ?? '';
  };
  /** As an administrator ends it in the portal, or another system does. */
  const take = async (id: string, name: string): Promise<void> => {
    await simulator.remove('assignments', await assignmentOf(id, name));
  };
  /** As if the event had never come: the access is not there, and no record of it either. */
  const lose = async (id: string, name: string): Promise<void> => {
    await take(id, name);
    const lost = await packageId(name);
    const { holdings } = start().services;
    for (const { accessPackageId, targetId, packageKey } of await holdings.of([id]))
      if (accessPackageId === lost)
        await storage.table('workers').remove(id, `holding-${targetId}-${packageKey}`);
  };

  let runs = 0;
  /** Asks for a run, as `joinery reconcile` does, and lets the intake take it. */
  const ask = async (options: ReconcileOptions = {}) => {
    const { services } = start();
    const messages: Uint8Array[] = [];
    const keep = (body: Uint8Array): Promise<void> => Promise.resolve(void messages.push(body));
    const who = { by: 'a-person', reason: 'a-test' };
    runs += 1;
    const at = new Date(Date.now() + runs);
    const asked = await requestReconciliation(services.staging, keep, { ...who, ...options }, at);
    await deliver(messages);
    return asked;
  };
  /** Lets the intake take messages; answers the instances that it starts. */
  const deliver = async (messages: readonly Uint8Array[]): Promise<unknown[]> => {
    const { client, started } = startingClient();
    const intake = intakeOf(start().services, client);
    for (const message of messages) await intake.deliver(Buffer.from(message));
    return started;
  };
  /** What a run asked for: the permits of its rechecks by person, as they are written down. */
  const permitsOf = async (messages: readonly Uint8Array[]): Promise<string[]> => {
    const ids = messages.map(
      (body) => (JSON.parse(Buffer.from(body).toString()) as { id: string }).id,
    );
    const asked = await mapConcurrent(4, [...new Set(ids)], (id) =>
      start().services.brakes.recheckOf(eventHash(RECHECK, id)),
    );
    return asked
      .flatMap((one) =>
        (one?.permit?.pairs ?? []).map(
          ({ packageKey, action }) => `${action} ${packageKey} ${one?.workerId}`,
        ),
      )
      .sort();
  };

  /** Drives a run that was asked for to its end. */
  const drive = async (asked: { eventHash: string; run: string }, more: RunMore = {}) => {
    const { diesEverywhere, simulator: other, token, startAt, ...changes } = more;
    const messages: Uint8Array[] = [];
    const send = (body: Uint8Array): Promise<void> => Promise.resolve(void messages.push(body));
    const processes: ReturnType<typeof start>[] = [];
    const next = (death?: Death) => {
      const process = start(death, { send, ...changes }, other);
      processes.push(process);
      return process;
    };
    const deaths: string[] = [];
    const dieEverywhere = async (call: ActivityCall): Promise<unknown> => {
      for (let point = 0; ; point += 1) {
        const side = point % 2 === 0 ? 'before' : 'after';
        const process = next({ write: Math.floor(point / 2), side });
        const answer = await Promise.race([callActivity(process, call), process.died]);
        if (answer !== 'died') return answer;
        deaths.push(`${side} ${process.writes().at(-1)} of ${call.activity.name}`);
      }
    };
    const dies = ({ activity: { name } }: ActivityCall): boolean =>
      typeof diesEverywhere === 'object' ? diesEverywhere.includes(name) : diesEverywhere === true;
    const perform = diesEverywhere
      ? (process: Process, call: ActivityCall) =>
          dies(call) ? dieEverywhere(call) : callActivity(process, call)
      : more.perform;
    const calls = await driveRun({
      ...{ eventHash: asked.eventHash, token: token ?? `t-${asked.run}` },
      orchestration: 'reconcile',
      ...{ startAt: startAt ?? new Date(Date.now() + LATER_MS), pauseMs: 0, start: () => next() },
      ...(perform && { perform }),
    });
    const { services } = start();
    const report = await readReport(services.staging, asked.eventHash);
    const stored = await services.claims.read(asked.eventHash);
    const reader = createLedgerReader(storage.table('audit'), storage.table('auditIndex'));
    const rows = await reader.ofEvent(asked.eventHash);
    const closing = rows.filter(({ kind }) => kind === 'closing');
    // A second execution ends before the one that closes.
    if (stored?.state === 'closed')
      expect(chainFaults(rows, { attempt: 1, ...(stored.chain ?? START_OF_CHAIN) })).toEqual([]);
    return {
      ...{ report, messages, permits: await permitsOf(messages) },
      /** Why the run could not compare everything. */
      reason: closing[0]?.reason,
      closings: closing.map(({ outcome }) => outcome),
      eventHash: asked.eventHash,
      logged: processes.flatMap(({ host }) => host.logged),
      scopes: report?.scopes.map(({ packageKey, state, why }) =>
        [packageKey, state, why].filter(Boolean).join(' '),
      ),
      named: report?.findings
        .map(({ kind, workerId: id, objectId: account, packageKey, remedy }) =>
          [kind, packageKey, id ?? account, remedy].filter(Boolean).join(' '),
        )
        .sort(),
      exitCode: report && exitCodeOf(report),
      activities: calls.map(({ activity }) => activity.name),
      deaths,
      lives: processes.length,
    };
  };

  return {
    ...{ storage, simulator, start, sent, workerIds, state, control },
    ...{ packageId, objectId, assignmentOf, begins, take, lose, ask, deliver, drive },
    reconcile: async (more: RunMore = {}) => drive(await ask(more.options), more),
    stop: () => Promise.all([storage.close(), simulator.stop()]),
  };
}

export type Tenant = Awaited<ReturnType<typeof openTenant>>;
