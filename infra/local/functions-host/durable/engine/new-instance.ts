import { randomUUID } from 'node:crypto';
import { isLive, type Instance } from '../store/instance';
import { executionStarted, type Parent } from '../protocol/make-event';
import { written, type Op } from '../store/op';
import type { VersionMatch } from './version-match';

/** What host.json says about instances. */
export type StartSettings = {
  defaultVersion: string;
  /** Which instances may be run, by the version that they were begun under. */
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

/** A fresh instance, in the place of an ended one of the same id. `input` is JSON text. */
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
    record: {
      ...{ id, name, version, executionId, parent, input },
      ...{ status: 'Pending', createdAt: at, updatedAt: at },
    },
    events: [written(started)],
  };
}
