import { randomUUID } from 'node:crypto';
import { executionStarted, type Parent } from '../protocol/make-event';
import { written } from '../store/kept-history';
import { type Instance, isLive, type Op } from '../store/state';
import type { VersionMatch } from '../../host-json';

/** The settings of host.json for instances. */
export type StartSettings = {
  defaultVersion: string;
  /** Which instances are run, by the version under which they started. */
  versionMatch: VersionMatch;
  /** `AnyState`: a start replaces an instance of the same id even while it runs. */
  overridable: 'NonRunningStates' | 'AnyState';
  /** Whether history shows the inputs of activities. */
  storeInputs: boolean;
};

export function newExecutionId(): string {
  return randomUUID().replaceAll('-', '');
}

export function mayStart(existing: Instance | undefined, { overridable }: StartSettings): boolean {
  return !existing || overridable === 'AnyState' || !isLive(existing.record);
}

/** A new instance; replaces an ended one of the same id. `input` is JSON text. */
export function newInstance(
  start: {
    id: string;
    name: string;
    version?: string | undefined;
    input: string | null;
    parent?: Parent;
  },
  { defaultVersion }: StartSettings,
): Op {
  const { id, name, input, parent, version = defaultVersion } = start;
  const at = Date.now();
  const executionId = newExecutionId();
  const started = executionStarted(at, {
    name,
    version,
    input,
    instanceId: id,
    executionId,
    parent,
  });
  return {
    op: 'start',
    // All members at once: one that is added later costs each instance a description of its own.
    record: {
      id,
      name,
      version,
      executionId,
      parent,
      status: 'Pending',
      input,
      output: undefined,
      customStatus: undefined,
      createdAt: at,
      updatedAt: at,
      archived: undefined,
    },
    events: [written(started)],
  };
}

/** Whether an app of version `own` runs an instance that started under `version`. */
export function matches(version: string, own: string, strategy: VersionMatch): boolean {
  if (strategy === 'None') return true;
  return strategy === 'Strict' ? version === own : compareVersions(version, own) <= 0;
}

/**
 * As in DurableTask (VersioningSettings.cs): no version comes before every version; two to four numbers with points compare
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
