import type { PackageMemory, PackageRecord } from '../storage/packages';
import { isOurs, type PackageReads, type PackageTarget } from './inspect';
import { actOf, codeOf, type Act, type ModelItem, type ItemType } from './items';
import { comparePackage, openRecords } from './records';

/** One package as Graph has it, item by item. */
export type PackageReport = {
  key: string;
  items: ModelItem[];
  /** Whether a run may add what it lacks: we are creating it, and it was not complete yet. */
  isProvisioning: boolean;
};

/** Compares one package with the model. Writes nothing. Throws `GraphError`. */
export async function reportPackage(
  graph: PackageReads,
  target: PackageTarget,
  memory: PackageMemory,
): Promise<PackageReport> {
  const records = await openRecords(memory);
  const { items } = await comparePackage(graph, target, records, true);
  const record = records.package();
  return {
    ...{ key: target.accessPackage.key, items },
    isProvisioning: isOurs(record) && record.state === 'provisioning',
  };
}

/**
 * The codes of what in a package is not as the model says. Nothing of a package that does not exist yet or is still being
 * made, because a run adds what it lacks; and nothing of its catalog, which all packages in it would repeat.
 */
export function driftOf(items: readonly ModelItem[], record: PackageRecord): string[] {
  const found = items.find(({ part }) => part === 'package');
  const isNew = record.accessPackageId === undefined && found?.difference?.kind === 'missing';
  if (isNew) return [];
  const isProvisioning = isOurs(record) && record.state === 'provisioning';
  const codes = items.flatMap(({ part, difference }) => {
    if (difference === undefined || difference.kind === 'pending' || part === 'catalog') return [];
    return isProvisioning && difference.kind === 'missing' ? [] : [codeOf(part, difference)];
  });
  return [...new Set(codes)];
}

/** What `model apply` does about one item of a package. */
export type Change = {
  package: string;
  part: ItemType;
  about: string;
  act: Act;
  /** The members that change, where there are some. */
  members?: string[];
  /** Why, of what is created again, replaced or refused. */
  why?: string;
};

/** The order in which changes are shown. */
const ORDER: readonly ItemType[] = [
  'catalog',
  'package',
  'resource',
  'role',
  'policy',
  'incompatible',
];

/**
 * What has to happen so that a package equals the model. `selected` are the packages that are applied together: only
 * then can an incompatibility with one that does not exist yet be created.
 */
export function changesOf({ key, items }: PackageReport, selected: ReadonlySet<string>): Change[] {
  const changes = new Map<string, Change>();
  for (const item of items) {
    const { part, about, difference } = item;
    if (difference?.kind === 'pending' && !selected.has(about)) continue;
    // The two directions of an incompatible pair are one change.
    const name = `${part} ${about}`;
    const act = actOf(item);
    if (changes.has(name) && act === 'nothing') continue;
    const why = reasonOf(item);
    changes.set(name, {
      ...{ package: key, part, about, act },
      ...(act === 'update' && difference?.kind === 'differs' && { members: difference.members }),
      ...(why !== undefined && { why }),
    });
  }
  return [...changes.values()].sort(
    (one, other) => ORDER.indexOf(one.part) - ORDER.indexOf(other.part),
  );
}

function reasonOf({ part, difference, update }: ModelItem): string | undefined {
  switch (difference?.kind) {
    case 'gone':
      return 'was deleted in Entra';
    case 'unknown-id':
      return 'the model names it by its id, which does not exist; correct the model';
    case 'ambiguous':
      return 'several have this name; rename or remove all but one';
    case 'no-such-role':
      return 'the resource has no such role; correct the model';
    case 'extra':
      return 'Entra grants it and the model does not; removing it takes access from everybody who holds the package, so name it in the model or remove it in Entra';
    case 'differs':
      if (part === 'policy')
        return update
          ? 'is replaced as a whole, without questions and custom extensions'
          : 'it gives access by a rule of its own; replacing it takes access from everybody whom the rule gave it, so change it in Entra';
      return update ? undefined : 'it is in another catalog, and a package cannot be moved';
    default:
      return undefined;
  }
}
