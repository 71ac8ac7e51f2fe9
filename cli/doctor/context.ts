import { packageDefinition } from '../../shared/domain/access-model/access-model';
import {
  createEntitlements,
  type Entitlements,
  type EntitlementsOptions,
} from '../../shared/graph/entitlements';
import { createTenantReads, type TenantReads } from '../../shared/graph/tenant';
import type { PackageReads } from '../../shared/packages/inspect';
import { reportPackage, type PackageReport } from '../../shared/packages/plan';
import { createPackages } from '../../shared/storage/packages';
import { openTable } from '../../shared/storage/table';
import type { Config } from '../../shared/config/config';
import { type Account, createCredential } from '../../shared/config/identity';
import type { LoadedModel } from '../../shared/config/load-model';
import { mapConcurrent } from '../../shared/promises';
import type { AppSettings } from '../connection';
import { loadModel } from '../model';
import { NotChecked } from './finding';

/** What the checks read. Nothing here can write to Graph. */
export type DoctorContext = {
  app: AppSettings;
  config: Config;
  /** Client or object id of the app's identity, where it is known. */
  identity: string | undefined;
  /** Who reads Graph; undefined if nobody has signed in, as over loopback http. */
  account: Account | undefined;
  /** For stores and bus. */
  credential: ReturnType<typeof createCredential>;
  /** Whether the stores, and whether Graph, are reached without anybody's sign-in. */
  isLoopback: { storage: boolean; graph: boolean };
  root: string;
  table: (storage: string, name: string) => ReturnType<typeof openTable>;
  tenant: TenantReads;
  entitlements: PackageReads & Pick<Entitlements, 'findUsers'>;
  /** Read once, by the first check that needs it. */
  model: () => Promise<LoadedModel>;
  /** Each package of the model as Graph has it; read once. */
  packageReports: () => Promise<PackageReport[]>;
};

const CONCURRENCY = 4;

export function createDoctorContext(
  app: AppSettings,
  config: Config,
  graph: EntitlementsOptions,
  { identity, account }: Partial<Pick<DoctorContext, 'identity' | 'account'>> = {},
): DoctorContext {
  const credential = createCredential(config.identity);
  const table = (storage: string, name: string) => openTable(storage, name, credential);
  const entitlements = memoizedCatalogs(createEntitlements(graph));
  const model = memoize(() => loadModel(config.accessModel));
  return {
    app,
    config,
    identity: identity ?? config.identity.clientId,
    account,
    credential,
    isLoopback: {
      storage: /127\.0\.0\.1|localhost|UseDevelopmentStorage/i.test(config.storage.audit),
      graph: graph.root.startsWith('http:'),
    },
    root: graph.root,
    table,
    tenant: createTenantReads(graph),
    entitlements,
    model,
    packageReports: memoize(async () => {
      const { model: rules } = await model().catch(() => {
        throw new NotChecked(
          'the access model cannot be used',
          'fix what the check "model" reports first',
        );
      });
      const packages = createPackages(table(config.storage.records, 'packages'));
      return mapConcurrent(CONCURRENCY, rules.accessPackages, async ({ key }) => {
        const definition = packageDefinition(rules, key);
        if (!definition) throw new Error(`the model has no package ${key}`);
        const target = { ...definition, catalogs: rules.catalogs };
        return reportPackage(entitlements, target, packages.memory(definition.catalog.key, key));
      });
    }),
  };
}

/** Every package asks for its catalog. */
function memoizedCatalogs<Reads extends PackageReads>(graph: Reads): Reads {
  const named = new Map<string, ReturnType<PackageReads['findCatalogs']>>();
  const known = new Map<string, ReturnType<PackageReads['getCatalog']>>();
  return {
    ...graph,
    findCatalogs: (name) => kept(named, name, graph.findCatalogs),
    getCatalog: (id) => kept(known, id, graph.getCatalog),
  };
}

function kept<Value>(all: Map<string, Value>, key: string, make: (key: string) => Value): Value {
  const value = all.get(key) ?? make(key);
  all.set(key, value);
  return value;
}

/** Calls `act` on the first call only; every call gets its result or failure. */
function memoize<Value>(act: () => Promise<Value>): () => Promise<Value> {
  let running: Promise<Value> | undefined;
  return () => (running ??= act());
}
