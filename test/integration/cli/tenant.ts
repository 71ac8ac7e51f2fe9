import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccessModel } from '../../../shared/domain/access-model/access-model';
import { ledger, modelOf, payments } from '../packages/ensure-harness';
import { startSimulator, type Simulator } from '../../support/simulator';
import { openStorage, type Storage } from '../../support/storage';

/** A model of two incompatible packages in two catalogs. */
export const pair: AccessModel = {
  ...modelOf(ledger, payments),
  birthrights: [
    {
      id: 'finance-staff',
      description: 'Finance',
      when: { attribute: 'department', equals: 'Finance' },
      packages: ['ledger'],
    },
  ],
};

/** The environment of the tenant commands: tables, a simulated tenant, and a model in a file. */
export type Tenant = {
  folder: string;
  storage: Storage;
  simulator: Simulator;
  settings: Record<string, string>;
  writeModel: (model: object) => Promise<void>;
  /** Sets members of a row as an administrator would. */
  edit: (table: string, id: string, members: object) => Promise<void>;
  state: () => Promise<TenantState>;
  stop: () => Promise<void>;
};

type Row = { id: string; displayName: string; description: string };
export type TenantState = {
  catalogs: (Row & { state: string })[];
  accessPackages: (Row & { roles: string[]; policies: string[]; incompatibleWith: string[] })[];
  policies: (Row & { expiration: object })[];
  skus: { id: string }[];
};

/** `file`: another tenant than the sample one. */
export async function openTenant(lagMs: number, file?: object): Promise<Tenant> {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-tenant-'));
  const tenantFile = join(folder, 'tenant.json');
  if (file) await writeFile(tenantFile, JSON.stringify(file));
  const [storage, simulator] = await Promise.all([
    openStorage(),
    startSimulator(lagMs, 'v1.0', file && { tenantFile }),
  ]);
  const model = join(folder, 'access-model.json');
  return {
    folder,
    storage,
    simulator,
    settings: {
      PROVISIONING_QUEUE: 'provisioning-events',
      EVENT_SOURCES: 'urn:hr:acme:workday',
      RECORDS_STORAGE: storage.connectionString,
      AUDIT_STORAGE: storage.connectionString,
      GRAPH_URL: simulator.url,
      GRAPH_DEADLINE: '1s',
      GRAPH_LAG: '20ms',
      ACCESS_MODEL: model,
    },
    writeModel: (content) => writeFile(model, JSON.stringify(content)),
    edit: async (table, id, members) => {
      const answer = await fetch(`${simulator.url}/_control/${table}/${id}`, {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(members),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    state: async () =>
      (await (await fetch(`${simulator.url}/_control/state`)).json()) as TenantState,
    stop: async () => {
      await Promise.all([storage.close(), simulator.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
