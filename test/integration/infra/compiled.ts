import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/service';
import { resourcesOf, type JsonObject, type Resource } from '../../../infra/azure/check/template';

export const folder = join(projectRoot(), 'infra/azure');

/** A file of the project, by its path from the root. */
export const textOf = (path: string): string => readFileSync(join(projectRoot(), path), 'utf8');

/** The committed output of main.bicep. `npm run infra` fails if it is stale. */
export const compiled = textOf('infra/azure/main.json');

export const resources = resourcesOf(JSON.parse(compiled) as JsonObject);

/** The resource at a path of main.json. */
export function resource(path: string): Resource {
  const found = resources.find((each) => each.path === path);
  if (!found) throw new Error(`${path} is not in main.json`);
  return found;
}
