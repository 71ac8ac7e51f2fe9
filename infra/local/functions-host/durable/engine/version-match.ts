/** `versionMatchStrategy` of host.json. */
export type VersionMatch = 'None' | 'Strict' | 'CurrentOrOlder';

/** Whether an app of version `own` may run an instance that was begun under `version`. */
export function matches(version: string, own: string, strategy: VersionMatch): boolean {
  if (strategy === 'None') return true;
  return strategy === 'Strict' ? version === own : compareVersions(version, own) <= 0;
}

/**
 * As DurableTask does (VersioningSettings.cs): no version comes before any; two to four numbers with points are compared
 * as numbers; anything else, a single number too, as text, so that "10" comes before "9".
 */
export function compareVersions(a: string, b: string): number {
  if (a === '' || b === '') return Number(a !== '') - Number(b !== '');
  const [left, right] = [numbersOf(a), numbersOf(b)];
  if (!left || !right) return ordinal(a.toUpperCase(), b.toUpperCase());
  const differs = left.findIndex((number, i) => number !== right[i]);
  return differs < 0 ? left.length - right.length : (left[differs] ?? 0) - (right[differs] ?? -1);
}

const ordinal = (a: string, b: string): number => Number(a > b) - Number(a < b);

const numbersOf = (version: string): number[] | undefined =>
  /^\d+(\.\d+){1,3}$/.test(version) ? version.split('.').map(Number) : undefined;
