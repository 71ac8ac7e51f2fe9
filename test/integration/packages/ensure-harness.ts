import { setTimeout as wait } from 'node:timers/promises';
import {
  type AccessModel,
  type AccessPackage,
  packageDefinition,
} from '../../../shared/domain/access-model/access-model';
import type {
  CatalogRecord,
  ItemRecord,
  PackageMemory,
  PackageRecord,
  Slot,
} from '../../../shared/storage/packages';
import type { ApplyOptions } from '../../../shared/packages/apply';
import { ensurePackage } from '../../../shared/packages/ensure';
import type { PackageTarget } from '../../../shared/packages/inspect';
import type { Entitlements } from '../../../shared/graph/entitlements';

/** A group of the simulator's sample tenant. */
export const group = (n: number) => `10000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const ledger: AccessPackage = {
  key: 'ledger',
  catalog: 'finance',
  displayName: 'Ledger',
  description: 'Reads and writes the ledger',
  hidden: true,
  resources: [
    { originSystem: 'AadGroup', originId: group(1), role: 'Member' },
    { originSystem: 'AadGroup', originId: group(2), role: 'Member' },
  ],
  policy: {
    displayName: 'Birthright',
    description: 'Assigned by rule',
    expiration: { type: 'afterDuration', duration: 'P365D' },
    approval: { required: false },
  },
  incompatibleWith: [],
  wait: false,
  overlapDays: 0,
  renew: false,
};

export const payments: AccessPackage = {
  ...ledger,
  key: 'payments',
  catalog: 'operations',
  displayName: 'Payments',
  description: 'Approves payments',
  resources: [{ originSystem: 'AadGroup', originId: group(7), role: 'Member' }],
  incompatibleWith: ['ledger'],
};

export function modelOf(...accessPackages: AccessPackage[]): AccessModel {
  return {
    version: 1,
    leadDays: 0,
    readyAt: '09:00',
    bridgeDays: 0,
    timeZones: { default: 'UTC', byLocation: {} },
    catalogs: [
      { key: 'finance', displayName: 'Finance', description: 'What finance works with' },
      { key: 'operations', displayName: 'Operations', description: 'What operations works with' },
    ],
    accessPackages,
    birthrights: [],
  };
}

export function targetOf(model: AccessModel, key: string): PackageTarget {
  const definition = packageDefinition(model, key);
  if (!definition) throw new Error(`the model has no package ${key}`);
  return { ...definition, catalogs: model.catalogs };
}

/** The `packages` table in memory, with ETags as in the real one. */
export function memoryTable() {
  const rows = new Map<string, { etag: number; text: string }>();
  let writes = 0;
  const slot = <Row>(key: string): Slot<Row> => {
    let etag: number | undefined;
    return {
      load: () => {
        const row = rows.get(key);
        etag = row?.etag;
        return Promise.resolve(row && (JSON.parse(row.text) as Row));
      },
      save: (row) => {
        if (rows.get(key)?.etag !== etag) return Promise.resolve('conflict');
        etag = writes += 1;
        rows.set(key, { etag, text: JSON.stringify(row) });
        return Promise.resolve('saved');
      },
    };
  };
  return {
    of: ({ accessPackage, catalog }: PackageTarget): PackageMemory => ({
      package: slot<PackageRecord>(`${catalog.key}/${accessPackage.key}`),
      catalog: slot<CatalogRecord>(catalog.key),
      item: (parentId, name) => slot<ItemRecord>(`${catalog.key} ${parentId} ${name}`),
      peer: (catalogKey, packageKey) => slot<PackageRecord>(`${catalogKey}/${packageKey}`).load(),
    }),
    forget: () => rows.clear(),
  };
}
export type MemoryTable = ReturnType<typeof memoryTable>;

export const options = (members: Partial<ApplyOptions> = {}): ApplyOptions => ({
  mode: 'create',
  leaseUntil: new Date(Date.now() + 120_000),
  lagSeconds: 0.01,
  ...members,
});

/** Longer than the simulator's replicas lag in these tests, in seconds. */
const longestWait = 0.02;

/** Calls again after every `later`, as the orchestration does after its timers. */
export async function ensureToTheEnd(
  graph: Entitlements,
  definition: PackageTarget,
  table: MemoryTable,
  members?: Partial<ApplyOptions>,
  withinMs = 20_000,
) {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const outcome = await ensurePackage(graph, definition, table.of(definition), options(members));
    if (outcome.kind !== 'later' || Date.now() > deadline) return outcome;
    await wait(Math.min(outcome.afterSeconds, longestWait) * 1000);
  }
}

type Verb = (...input: never[]) => Promise<unknown>;
const writes = [
  'createCatalog',
  'addResourceToCatalog',
  'createAccessPackage',
  'addResourceRoleScope',
  'createAssignmentPolicy',
  'addIncompatible',
] as const satisfies (keyof Entitlements)[];

/** The same client with a wrapper around each write; `nth` counts the writes from 0. */
export function aroundWrites(
  graph: Entitlements,
  around: (write: () => Promise<unknown>, nth: number) => Promise<unknown>,
): Entitlements {
  let count = 0;
  const wrapped = writes.map((name) => {
    const verb = graph[name] as Verb;
    return [name, (...input: never[]) => around(() => verb(...input), count++)] as const;
  });
  return { ...graph, ...Object.fromEntries(wrapped) };
}
