import type { Entitlements } from '../graph/entitlements';
import {
  rememberRow,
  type CatalogRecord,
  type ItemRecord,
  type PackageMemory,
  type PackageRecord,
  type RememberedRow,
} from '../storage/packages';
import type { RememberedWrite, Saved } from '../write-once';
import { diffPackage } from './diff';
import {
  inspectPackage,
  type PackageReads,
  type PackageSnapshot,
  type PackageTarget,
} from './inspect';
import type { Ids, ModelItem } from './items';

const BLANK: PackageRecord = { state: 'provisioning', version: '', adopted: false, writes: {} };
const NO_IDS = { catalogId: undefined, accessPackageId: undefined, assignmentPolicyId: undefined };
/** Rows of items that are read at once. */
const AT_ONCE = 16;

/** What our rows say of one package, its catalog and their items, while it is compared or applied. */
export type Records = Awaited<ReturnType<typeof openRecords>>;

export async function openRecords(memory: PackageMemory) {
  const packageRow = await rememberRow(memory.package, BLANK);
  const catalogRow = await rememberRow<CatalogRecord>(memory.catalog, { writes: {} });
  const itemRows = new Map<string, RememberedRow<ItemRecord>>();

  const ids = (): Ids => ({
    catalogId: catalogRow.now().catalogId,
    accessPackageId: packageRow.now().accessPackageId,
  });

  /** Read once, and only if its catalog or package exists: without it, it has no past. */
  const itemRow = async (name: string, { catalogId, accessPackageId }: Ids) => {
    const parentId = name.startsWith('resource:') ? catalogId : accessPackageId;
    if (parentId === undefined) return undefined;
    const key = `${parentId} ${name}`;
    const known = itemRows.get(key);
    if (known) return known;
    // A name holds what Graph calls a role, so it may be of any length.
    const item = name.slice(0, 512).toWellFormed();
    const row = await rememberRow<ItemRecord>(memory.item(parentId, name), { item });
    itemRows.set(key, row);
    return row;
  };

  const knownItem = (name: string, { catalogId, accessPackageId }: Ids) =>
    itemRows.get(`${name.startsWith('resource:') ? catalogId : accessPackageId} ${name}`)?.now();

  const writeOf = (name: string, of: Ids = ids()): RememberedWrite | undefined => {
    switch (name) {
      case 'catalog':
        return catalogRow.now().writes.catalog;
      case 'package':
      case 'policy':
        return packageRow.now().writes[name];
      default:
        return knownItem(name, of)?.write;
    }
  };

  /** Saves what is known of an item: the ids that its row keeps, its write, and how often that failed. */
  const save = async (
    { write: name }: ModelItem,
    write: RememberedWrite | undefined,
    { ids: kept = {}, failures }: { ids?: Ids; failures?: number } = {},
  ): Promise<Saved> => {
    switch (name) {
      case 'catalog':
        return catalogRow.change({ ...kept, writes: { catalog: write } });
      case 'package':
      case 'policy':
        return packageRow.change({
          ...kept,
          writes: { ...packageRow.now().writes, [name]: write },
        });
      default:
        return saveItem(await itemRow(name, ids()), write, failures);
    }
  };

  return {
    package: packageRow.now,
    catalog: catalogRow.now,
    peer: memory.peer,
    ...{ ids, writeOf, save },
    changePackage: packageRow.change,

    /** How often in a row Graph did not carry out the write of an item. */
    failuresOf: ({ write: name }: ModelItem): number => knownItem(name, ids())?.failures ?? 0,

    /** The writes of everything that was compared or written. */
    writes: (): RememberedWrite[] =>
      [
        catalogRow.now().writes.catalog,
        ...Object.values(packageRow.now().writes),
        ...[...itemRows.values()].map((row) => row.now().write),
      ].filter((write) => write !== undefined),

    /** What the id that our row keeps of an item was, if it keeps one. */
    recordedId: ({ part }: ModelItem): string | undefined => {
      if (part === 'catalog') return catalogRow.now().catalogId;
      if (part === 'package') return packageRow.now().accessPackageId;
      return part === 'policy' ? packageRow.now().assignmentPolicyId : undefined;
    },

    /** Reads the rows of items with these names, before they are compared. */
    load: async (names: readonly string[], of: Ids): Promise<void> => {
      for (let at = 0; at < names.length; at += AT_ONCE) {
        await Promise.all(names.slice(at, at + AT_ONCE).map((name) => itemRow(name, of)));
      }
    },

    /** Lets go of an item that Graph does not have any more, so that it can be created again. */
    forget: (item: ModelItem): Promise<Saved> => {
      switch (item.part) {
        case 'catalog':
          return catalogRow.change({ catalogId: undefined, writes: {} });
        case 'resource':
          return save(item, undefined);
        case 'package':
          return packageRow.change({ ...BLANK, ...NO_IDS });
        default:
          return forgetPart(item);
      }
    },
  };

  /** A package that lacks a part is not complete any more. */
  async function forgetPart(item: ModelItem): Promise<Saved> {
    const { writes } = packageRow.now();
    const isPolicy = item.part === 'policy';
    const changed = await packageRow.change({
      state: 'provisioning',
      ...(isPolicy && {
        assignmentPolicyId: undefined,
        writes: { ...writes, policy: undefined },
      }),
    });
    return changed === 'conflict' || isPolicy ? changed : save(item, undefined);
  }
}

/** Failures count until the item was seen, over all tries. */
async function saveItem(
  row: RememberedRow<ItemRecord> | undefined,
  write: RememberedWrite | undefined,
  failures: number | undefined,
): Promise<Saved> {
  if (!row) return 'conflict';
  const counted = write?.state === 'seen' ? undefined : (failures ?? row.now().failures);
  return row.change({ write, failures: counted });
}

/** Compares a package with the model, item by item. Throws `GraphError`. */
export async function comparePackage(
  graph: PackageReads | Entitlements,
  target: PackageTarget,
  records: Records,
  isSurvey: boolean,
): Promise<{ snapshot: PackageSnapshot; items: ModelItem[] }> {
  const { peer } = records;
  const known = { package: records.package(), catalog: records.catalog(), peer, isSurvey };
  const snapshot = await inspectPackage(graph, target, { ...known, writeOf: records.writeOf });
  // What Graph does not show yet is remembered under the id that our row has of it.
  const ids: Ids = {
    catalogId: snapshot.catalogs[0]?.id ?? known.catalog.catalogId,
    accessPackageId: snapshot.packages[0]?.id ?? known.package.accessPackageId,
  };
  const writeOf = (name: string) => records.writeOf(name, ids);
  const compare = () => diffPackage(target, snapshot, { ...known, writeOf });
  const names = compare().map(({ write }) => write);
  await records.load(names.filter(isItemName), ids);
  return { snapshot, items: compare() };
}

/** Whether a write is remembered in a row of its own. */
export const isItemName = (name: string): boolean =>
  !['', 'catalog', 'package', 'policy'].includes(name);
