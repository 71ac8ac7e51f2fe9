import { clouds } from '../../../shared/graph/graph-root';
import { fault, ok, type Finding } from '../finding';
import type { Patient } from '../patient';

/** Published Graph has not the routes of the draft dialect. */
export function checkDialect({ config, root }: Patient): Promise<Finding[]> {
  const { dialect } = config.graph;
  const published = Object.values(clouds).some((cloud) => new URL(root).origin === cloud.root);
  if (dialect !== 'draft' || !published) return Promise.resolve([ok(`${dialect} at ${root}`)]);
  return Promise.resolve([
    fault({
      name: 'draft-against-graph',
      about: 'GRAPH_DIALECT',
      text: `${root} has none of the draft routes`,
      todo: 'set GRAPH_DIALECT=v1.0, or GRAPH_URL to the gateway that has them',
    }),
  ]);
}
