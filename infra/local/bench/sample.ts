import { TableClient } from '@azure/data-tables';
import { eventHash } from '../../../shared/domain/events/keys';
import type { FloorScript } from './floor-script';
import { idOf, source } from './load';
import { isWrite } from './logs';
import type { Lap } from './measure';

const open = (storage: string, table: string): TableClient =>
  TableClient.fromConnectionString(storage, table, { allowInsecureConnection: true });

/** Reads what one joiner's run, alone on the stack, has left: the script that the floor plays for others. */
export async function readSample(
  worker: string,
  { calls, tables: requests }: Lap,
  storage: string,
): Promise<Pick<FloorScript, 'calls' | 'writes' | 'columns' | 'sample'>> {
  const rows = open(storage, 'audit').listEntities({
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
    if (value === undefined) throw new Error(`the sample's audit rows have no ${name}`);
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
    columns: Object.fromEntries(columns) as FloorScript['columns'],
    sample: {
      worker,
      targetId: id('targetId'),
      requestId: id('assignmentRequestId'),
      accessPackageId: id('accessPackageId'),
      assignmentPolicyId: id('assignmentPolicyId'),
    },
  };
}

/** The product's own columns of a row of the table. */
async function someRow(storage: string, table: string): Promise<Record<string, unknown>> {
  const pages = open(storage, table).listEntities().byPage({ maxPageSize: 1 });
  for await (const [row] of pages) {
    const own = Object.entries(row ?? {}).filter(
      ([name]) => !name.startsWith('odata') && name !== 'etag' && name !== 'timestamp',
    );
    return Object.fromEntries(own);
  }
  return {};
}
