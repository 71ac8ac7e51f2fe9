import type { OrchestrationContext } from 'durable-functions';

/**
 * The version that an instance was started under: the first number of `defaultVersion` in host.json at that time, `1` for
 * "1.0". It stays the same for the instance's lifetime, whatever is deployed meanwhile. See docs/versioning.md.
 */
export function versionOf({ df }: OrchestrationContext): number {
  return Number.parseInt(df.version ?? '', 10) || 1;
}
