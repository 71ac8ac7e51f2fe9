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
const pollEveryMs = 1000;

export type Ending = { outcome: string; latencyMs: number; closedAt: number };

/** Sends joiners through the bus and waits for their closing rows. */
type Load = {
  /**
   * Returns how each worker's event ended; all of them have the same position. Throws if one has no closing row after
   * `deadlineMs`.
   */
  join: (
    workers: string[],
    deadlineMs: number,
    jobCode?: string,
  ) => Promise<{ endings: Ending[]; sentAt: number }>;
  close: () => Promise<void>;
};

export function openLoad(serviceBus: string, queue: string, storage: string): Load {
  const client = new ServiceBusClient(serviceBus);
  const sender = client.createSender(queue);
  const [audit, claims] = [openTable(storage, 'audit'), openTable(storage, 'claims')];
  let joinedBefore = 0;

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
    join: async (workers, deadlineMs, jobCode = 'FIN-AN-2') => {
      const began = Date.now();
      const sentAt = new Map<string, number>();
      for (let rest = workers; rest.length > 0;) {
        const batch = await sender.createMessageBatch();
        const at = Date.now();
        const fit = rest.findIndex(
          (worker) => !batch.tryAddMessage({ body: joined(worker, jobCode) }),
        );
        const taken = fit === -1 ? rest.length : fit;
        for (const worker of rest.slice(0, taken)) sentAt.set(worker, at);
        await sender.sendMessages(batch);
        rest = rest.slice(taken);
      }
      joinedBefore += workers.length;
      while ((await closed()) < joinedBefore) {
        if (Date.now() - began > deadlineMs)
          throw new Error('not every joiner has a closing row: the deadline has passed');
        await wait(pollEveryMs);
      }
      const found = await closings();
      const endings = workers.map((worker) => {
        const row = found.get(eventHash(source, idOf(worker)));
        const closedAt = Date.parse(row?.recordedAt ?? '');
        const latencyMs = closedAt - (sentAt.get(worker) ?? began);
        return { outcome: row?.outcome ?? 'none', latencyMs, closedAt };
      });
      return { endings, sentAt: began };
    },
    close: () => client.close(),
  };
}

const idOf = (worker: string): string => `bench-${worker}-joined`;

function joined(worker: string, jobCode: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      specversion: '1.0',
      id: idOf(worker),
      source,
      type: 'hr.worker.joined.v1',
      subject: worker,
      time: new Date().toISOString(),
      data: {
        workerId: worker,
        startDate: '2026-11-23',
        timeZone: 'Europe/Berlin',
        attributes: {
          department: 'Finance',
          jobCode,
          costCenter: '4711',
          location: 'Berlin',
          workerType: 'employee',
        },
      },
    }),
  );
}

const first = 100_001;

/** The worker id of the n-th person of the bench's tenant, from 0. */
export const workerId = (n: number): string => `W-${first + n}`;

/** Writes a tenant of `size` people without scripted faults, with the groups and applications of the sample tenant. */
export function writeTenant(file: string, size: number): void {
  const sample = JSON.parse(
    readFileSync(join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json'), 'utf8'),
  ) as object;
  const workers = [{ from: workerId(0), to: workerId(size - 1) }];
  const ordinary = { users: [], holdings: [], scripts: [] };
  writeFileSync(file, JSON.stringify({ ...sample, ...ordinary, workers }));
}

/** The position whose people get three packages. */
export const THREE_PACKAGES = 'BENCH-3';

/** Writes the sample model with a rule for that position; nobody approves what it gives. */
export function writeModel(file: string): void {
  const sample = JSON.parse(readFileSync(join(projectRoot(), 'access-model.json'), 'utf8')) as {
    birthrights: object[];
  };
  const rule = {
    ...{ id: 'bench-three', description: 'Two packages beside that of the department.' },
    ...{ when: { attribute: 'jobCode', equals: THREE_PACKAGES }, packages: ['sales', 'warehouse'] },
  };
  writeFileSync(file, JSON.stringify({ ...sample, birthrights: [...sample.birthrights, rule] }));
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
    queryOptions: { filter: `PartitionKey eq '${eventHash(source, idOf(worker))}'` },
  });
  const seen: Record<string, string> = {};
  for await (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'string') seen[name] = value;
    }
  }
  const id = (name: string): string => {
    const value = seen[name];
    if (value === undefined) throw new Error(`the audit rows of the sample have no ${name}`);
    return value;
  };
  const writes = requests.filter(isWrite);
  const tables = [...new Set(writes.map(({ table }) => table))];
  const columns = await Promise.all(
    tables.map(async (table) => [table, await someRow(storage, table)]),
  );
  return {
    calls,
    writes,
    columns: Object.fromEntries(columns) as BaselineScript['columns'],
    sample: {
      worker,
      targetId: id('targetId'),
      requestId: id('assignmentRequestId'),
      accessPackageId: id('accessPackageId'),
      assignmentPolicyId: id('assignmentPolicyId'),
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
