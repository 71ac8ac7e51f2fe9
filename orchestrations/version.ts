import type { OrchestrationContext } from 'durable-functions';

/** From this version on a run says under which version it was begun, and its claim remembers it. */
export const TELLS_ITS_VERSION = 2;

/**
 * The version that an instance was begun under: the first number of `defaultVersion` in host.json at that time, `2` for
 * "2.0". It stays the same for as long as the instance lives, whatever is deployed meanwhile. Before there were versions
 * it was 1. See docs/versioning.md.
 */
export function versionOf({ df }: OrchestrationContext): number {
  return Number.parseInt(df.version ?? '', 10) || 1;
}
