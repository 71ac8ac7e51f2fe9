import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import { ServiceBusClient } from '@azure/service-bus';
import { eventHash } from '../../../shared/domain/events/keys';
import { projectRoot } from '../stack/service';
import type { BaselineScript } from './baseline';
import { isWrite, type Lap } from './measure';

const source = 'urn:hr:acme:workday';
/** Each look lists every claim there is, so it is rarer where there are many. Latencies come from the rows themselves. */
const pollEveryMs = (joiners: number): number => Math.max(1000, joiners);

export type Ending = { outcome: string; latencyMs: number; closedAt: number };

/** One event: its id, and its body as JSON. */
export type BenchEvent = { id: string; body: Buffer };

/** Sends events through the bus and waits for their closing rows. */
type Load = {
  /** Returns how each event ended. Throws if one has no closing row after `deadlineMs`. */
  run: (
    events: readonly BenchEvent[],
    deadlineMs: number,
  ) => Promise<{ endings: Ending[]; sentAt: number }>;
  /** When an event had rows first, and when the access that it gave or took was there or gone, by its rows (ms since 1970). */
  momentsOf: (event: BenchEvent) => Promise<{ begunAt: number; deliveredAt: number }>;
  close: () => Promise<void>;
};

export function openLoad(serviceBus: string, queue: string, storage: string): Load {
  const client = new ServiceBusClient(serviceBus);
  const sender = client.createSender(queue);
  const [audit, claims] = [openTable(storage, 'audit'), openTable(storage, 'claims')];
  let sentBefore = 0;

  const closed = async (): Promise<number> => {
    const filter = "RowKey eq 'claim' and state eq 'closed'";
    const rows = claims.listEntities({ queryOptions: { filter, select: ['RowKey'] } });
    let count = 0;
    for await (const page of rows.byPage()) count += page.length;
    return count;
  };
  const closings = async (): Promise<Map<string, { outcome: string; recordedAt: string }>> => {
    const found = new Map<string, { outcome: string; recordedAt: string }>();
    const rows = audit.listEntities<{ outcome: string; recordedAt: string }>({
      queryOptions: { filter: "kind eq 'closing'" },
    });
    for await (const row of rows) found.set(row.partitionKey ?? '', row);
    return found;
  };

  return {
    run: async (events, deadlineMs) => {
      const began = Date.now();
      const sentAt = new Map<string, number>();
      for (let rest = events; rest.length > 0;) {
        const batch = await sender.createMessageBatch();
        const at = Date.now();
        const fit = rest.findIndex(({ body }) => !batch.tryAddMessage({ body }));
        const taken = fit === -1 ? rest.length : fit;
        for (const { id } of rest.slice(0, taken)) sentAt.set(id, at);
        await sender.sendMessages(batch);
        rest = rest.slice(taken);
      }
      sentBefore += events.length;
      while ((await closed()) < sentBefore) {
        if (Date.now() - began > deadlineMs)
          throw new Error('not every event has a closing row: the deadline has passed');
        await wait(pollEveryMs(events.length));
      }
      const found = await closings();
      const endings = events.map(({ id }) => {
        const row = found.get(eventHash(source, id));
        const closedAt = Date.parse(row?.recordedAt ?? '');
        const latencyMs = closedAt - (sentAt.get(id) ?? began);
        return { outcome: row?.outcome ?? 'none', latencyMs, closedAt };
      });
      return { endings, sentAt: began };
    },
    momentsOf: async ({ id }) => {
      const filter = `PartitionKey eq '${eventHash(source, id)}'`;
      const rows = audit.listEntities<{ recordedAt: string; deliveredAt?: string }>({
        queryOptions: { filter },
      });
      const recorded: number[] = [];
      const delivered: number[] = [];
      for await (const { recordedAt, deliveredAt } of rows) {
        recorded.push(Date.parse(recordedAt));
        if (deliveredAt !== undefined) delivered.push(Date.parse(deliveredAt));
      }
      return {
        begunAt: Math.min(...recorded),
        deliveredAt: Math.max(...delivered),
      };
    },
    close: () => client.close(),
  };
}

/** The hash by which the product names the event of a joiner. */
export const eventHashOf = (worker: string): string =>
  eventHash(source, idOf({ worker, type: 'joined' }));

const idOf = ({ worker, type }: { worker: string; type: string }): string =>
  `bench-${worker}-${type}`;

/** A joiner with a position and, as it matters who comes first, a first day (`YYYY-MM-DD`). */
export const joined = (worker: string, jobCode: string, startDate = '2026-11-23'): BenchEvent =>
  eventOf('joined', worker, {
    startDate,
    attributes: {
      ...{ department: 'Finance', jobCode, costCenter: '4711' },
      ...{ location: 'Berlin', workerType: 'employee' },
    },
  });

/** Somebody whose employment has ended at once. */
export const left = (worker: string): BenchEvent =>
  eventOf('left', worker, { endsAt: new Date().toISOString() });

function eventOf(type: 'joined' | 'left', worker: string, data: object): BenchEvent {
  const id = idOf({ worker, type });
  const event = {
    ...{ specversion: '1.0', id, source, type: `hr.worker.${type}.v1`, subject: worker },
    time: new Date().toISOString(),
    data: { workerId: worker, timeZone: 'Europe/Berlin', ...data },
  };
  return { id, body: Buffer.from(JSON.stringify(event)) };
}

const first = 100_001;

/** The worker id of the n-th person of the bench's tenant, from 0. */
export const workerId = (n: number): string => `W-${first + n}`;

/** How long Entra takes to deliver a request, in seconds, evenly spread. */
export type Delivery = { from: number; to: number };

/** Of the n-th people; all others get theirs as the simulator delivers by default. */
type SlowDelivery = Delivery & { people: readonly number[] };

/**
 * Writes a tenant of `size` people without scripted faults, with the groups and applications of the sample tenant.
 * `slow`: whose requests take longer than the simulator needs by default.
 */
export function writeTenant(file: string, size: number, slow?: SlowDelivery): void {
  const sample = JSON.parse(
    readFileSync(join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json'), 'utf8'),
  ) as object;
  const workers = [{ from: workerId(0), to: workerId(size - 1) }];
  const scripts = slow ? slow.people.map((n) => scriptOf(n, slow)) : [];
  const ordinary = { users: [], holdings: [], scripts };
  writeFileSync(file, JSON.stringify({ ...sample, ...ordinary, workers }));
}

/** Steps through the range by the golden ratio, so that every group of people that join at once has all of it. */
function scriptOf(n: number, { from, to }: Delivery): object {
  const share = (n * (Math.sqrt(5) - 1)) / 2;
  const half = Math.round((from + (to - from) * (share - Math.floor(share))) * 500);
  return {
    employeeId: workerId(n),
    states: [
      { state: 'submitted', forMs: half },
      { state: 'delivering', forMs: half },
      { state: 'delivered' },
    ],
  };
}

/** The position whose people get so many packages, from 1 to 3. */
export const positionWith = (packages: number): string =>
  packages === 1 ? 'FIN-AN-2' : `BENCH-${packages}`;

/** Writes the sample model with rules for those positions; nobody approves what they give. */
export function writeModel(file: string): void {
  const sample = JSON.parse(readFileSync(join(projectRoot(), 'access-model.json'), 'utf8')) as {
    birthrights: object[];
  };
  const rules = [['sales'], ['sales', 'warehouse']].map((packages, index) => ({
    ...{ id: `bench-${index + 2}`, description: 'Packages beside that of the department.' },
    ...{ when: { attribute: 'jobCode', equals: positionWith(index + 2) }, packages },
  }));
  writeFileSync(
    file,
    JSON.stringify({ ...sample, birthrights: [...sample.birthrights, ...rules] }),
  );
}

const openTable = (storage: string, table: string): TableClient =>
  TableClient.fromConnectionString(storage, table, { allowInsecureConnection: true });

/** Turns the run of one joiner, alone on the stack, into the script that the baseline runs for others. */
export async function recordSample(
  worker: string,
  { calls, tables: requests }: Lap,
  storage: string,
): Promise<Pick<BaselineScript, 'calls' | 'writes' | 'columns' | 'sample'>> {
  const rows = openTable(storage, 'audit').listEntities({
    queryOptions: { filter: `PartitionKey eq '${eventHashOf(worker)}'` },
  });
  // What is known of each package, from the rows of its steps. They are submitted in the order of their rows.
  const seen = new Map<string, Record<string, string>>();
  for await (const row of rows) {
    const { packageKey = '' } = row as { packageKey?: string };
    const columns = seen.get(packageKey) ?? {};
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'string') columns[name] = value;
    }
    seen.set(packageKey, columns);
  }
  const id = (columns: Record<string, string>, name: string): string => {
    const value = columns[name];
    if (value === undefined) throw new Error(`the audit rows of the sample have no ${name}`);
    return value;
  };
  const requested = [...seen.values()].filter((row) => row['assignmentRequestId'] !== undefined);
  const writes = requests.filter(isWrite);
  // The rows of a transaction are those of the audit: see the baseline.
  const single = writes.filter(({ kind }) => kind !== 'transaction');
  const tables = [...new Set(['audit', ...single.map(({ table }) => table)])];
  const columns = await Promise.all(
    tables.map(async (table) => [table, await someRow(storage, table)]),
  );
  return {
    calls,
    writes,
    columns: Object.fromEntries(columns) as BaselineScript['columns'],
    sample: {
      worker,
      targetId: id(requested[0] ?? {}, 'targetId'),
      requests: requested.map((row) => ({
        requestId: id(row, 'assignmentRequestId'),
        accessPackageId: id(row, 'accessPackageId'),
        assignmentPolicyId: id(row, 'assignmentPolicyId'),
      })),
    },
  };
}

/** The columns that the product wrote in the table's first row. */
async function someRow(storage: string, table: string): Promise<Record<string, unknown>> {
  const pages = openTable(storage, table).listEntities().byPage({ maxPageSize: 1 });
  for await (const [row] of pages) {
    const own = Object.entries(row ?? {}).filter(
      ([name]) => !name.startsWith('odata') && name !== 'etag' && name !== 'timestamp',
    );
    return Object.fromEntries(own);
  }
  return {};
}
