import type { Catalog } from '../../shared/domain/access-model/access-model';
import type * as answer from '../../shared/graph/answers';
import { catalogDifferences } from '../../shared/packages/ensure/differences';
import { emptyOn404, GraphError } from '../../shared/graph/errors';
import type { Part } from './part';
import type { Reads } from './reads';

/** The catalog by the id in our row, else by its name. */
export async function surveyCatalog(
  graph: Pick<Reads, 'findCatalogs' | 'getCatalog'>,
  wanted: Catalog,
  recordedId: string | undefined,
): Promise<{ part: Part }> {
  const part = { part: 'catalog', about: wanted.key } as const;
  const known = recordedId === undefined ? [] : await byId(graph, recordedId);
  const [found, ...others] =
    known.length > 0 ? known : await graph.findCatalogs(wanted.displayName);
  if (found === undefined)
    return { part: { ...part, state: recordedId === undefined ? 'absent' : 'gone' } };
  if (others.length > 0) return { part: { ...part, state: 'ambiguous' } };
  const { id } = found;
  if (recordedId !== undefined && recordedId !== id)
    return { part: { ...part, state: 'gone', id } };
  const members = catalogDifferences(wanted, found);
  return { part: { ...part, id, state: members.length > 0 ? 'differs' : 'equal', members } };
}

/** Graph answers 403 of a catalog that it does not know, too; whether it is that shows when its name is looked for. */
async function byId(graph: Pick<Reads, 'getCatalog'>, id: string): Promise<answer.Catalog[]> {
  try {
    return await emptyOn404(graph.getCatalog(id));
  } catch (error) {
    if (error instanceof GraphError && error.fault.status === 403) return [];
    throw error;
  }
}
