import { z } from 'zod';
import { AccessPackage, Birthright, Catalog } from './access-model';

/**
 * As much of a model as can be understood: an item that breaks the schema is undefined and keeps its place, so that one
 * bad item hides no fault in the others.
 */
export type ModelDraft = {
  catalogs: readonly (Catalog | undefined)[];
  accessPackages: readonly (AccessPackage | undefined)[];
  birthrights: readonly (Birthright | undefined)[];
  /** Keys as written, of broken items too: a reference to one of those is no fault of its own. */
  catalogKeys: ReadonlySet<string>;
  packageKeys: ReadonlySet<string>;
};

const list = z.array(z.unknown()).catch([]);
const Outline = z.object({ catalogs: list, accessPackages: list, birthrights: list });
const Keyed = z.object({ key: z.string() });

export function draftOf(value: unknown): ModelDraft {
  const outline = Outline.safeParse(value).data ?? {
    catalogs: [],
    accessPackages: [],
    birthrights: [],
  };
  return {
    catalogs: outline.catalogs.map((item) => Catalog.safeParse(item).data),
    accessPackages: outline.accessPackages.map((item) => AccessPackage.safeParse(item).data),
    birthrights: outline.birthrights.map((item) => Birthright.safeParse(item).data),
    catalogKeys: keysIn(outline.catalogs),
    packageKeys: keysIn(outline.accessPackages),
  };
}

/** Whether there is something of that key; without any keys the list itself is the fault, and the only one. */
export function refers(keys: ReadonlySet<string>, key: string): boolean {
  return keys.size === 0 || keys.has(key);
}

function keysIn(items: readonly unknown[]): Set<string> {
  return new Set(items.flatMap((item) => Keyed.safeParse(item).data?.key ?? []));
}
