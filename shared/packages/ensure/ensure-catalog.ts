import type { Outcome } from '../../domain/workflow/outcome';
import type { Catalog } from '../../graph/answers';
import { catalogDifferences } from './differences';
import { ensurePart, type Part } from './ensure-part';
import type { Ensuring } from './ensuring';
import { emptyOn404 } from '../../graph/errors';

/** The catalog of the package: published, described as in the model, made if there is none of its name. */
export function ensureCatalog(ensuring: Ensuring): Promise<Outcome<{ found: Catalog }>> {
  const { graph, wanted, catalogRow } = ensuring;
  const { displayName, description } = wanted.catalog;
  const knownId = catalogRow.now().catalogId;
  const part: Part<Catalog> = {
    name: 'catalog',
    row: catalogRow,
    knownId,
    look: () =>
      knownId === undefined
        ? graph.findCatalogs(displayName)
        : emptyOn404(graph.getCatalog(knownId)),
    make: () => graph.createCatalog({ displayName, description }),
    differences: (found) => catalogDifferences(wanted.catalog, found),
    keep: ({ id }) => ({ catalogId: id }),
  };
  return ensurePart(ensuring, part);
}
