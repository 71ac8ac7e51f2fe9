import { setTimeout as wait } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import { ServiceBusClient } from '@azure/service-bus';
import { eventHash } from '../../../shared/domain/events/keys';

export const source = 'urn:hr:acme:workday';
const lookEveryMs = 1000;

export type Ending = { outcome: string; latencyMs: number; closedAt: number };

/** Sends joiners through the bus and waits for their closing rows. */
export type Load = {
  /** How each of the workers ended. Throws if one has no closing row after `deadlineMs`. */
  join: (workers: string[], deadlineMs: number) => Promise<{ endings: Ending[]; sentAt: number }>;
  close: () => Promise<void>;
};

export function openLoad(serviceBus: string, queue: string, storage: string): Load {
  const client = new ServiceBusClient(serviceBus);
  const sender = client.createSender(queue);
  const open = (name: string): TableClient =>
    TableClient.fromConnectionString(storage, name, { allowInsecureConnection: true });
  const [audit, claims] = [open('audit'), open('claims')];
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
    join: async (workers, deadlineMs) => {
      const began = Date.now();
      const sentAt = new Map<string, number>();
      for (let rest = workers; rest.length > 0;) {
        const batch = await sender.createMessageBatch();
        const at = Date.now();
        const fit = rest.findIndex((worker) => !batch.tryAddMessage({ body: joined(worker) }));
        const taken = fit === -1 ? rest.length : fit;
        for (const worker of rest.slice(0, taken)) sentAt.set(worker, at);
        await sender.sendMessages(batch);
        rest = rest.slice(taken);
      }
      joinedBefore += workers.length;
      while ((await closed()) < joinedBefore) {
        if (Date.now() - began > deadlineMs) throw new Error('not every joiner came to an end');
        await wait(lookEveryMs);
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

export const idOf = (worker: string): string => `bench-${worker}-joined`;

function joined(worker: string): Buffer {
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
          jobCode: 'FIN-AN-2',
          costCenter: '4711',
          location: 'Berlin',
          workerType: 'employee',
        },
      },
    }),
  );
}
