import { StoreUnavailable } from '../storage/storage-port';

/** The status of an instance in the task hub; `Gone` if there is none with its id. */
export type InstanceStatus =
  | 'Pending'
  | 'Running'
  | 'ContinuedAsNew'
  | 'Suspended'
  | 'Completed'
  | 'Failed'
  | 'Terminated'
  | 'Canceled'
  | 'Gone';

/** Runs one orchestration per attempt. Every call has a deadline; without an answer it throws HostUnavailable. */
export type RunHost = {
  start: (
    instanceId: string,
    input: { eventHash: string; attempt: number; token: string },
    orchestration: 'accessChange' | 'reconcile',
  ) => Promise<void>;
  status: (instanceId: string) => Promise<InstanceStatus>;
  terminate: (instanceId: string, reason: string) => Promise<void>;
};

/** The host did not answer. The same call may succeed later. */
export class HostUnavailable extends Error {
  override name = 'HostUnavailable';
}

const ENDED: ReadonlySet<InstanceStatus> = new Set([
  ...(['Completed', 'Failed', 'Terminated', 'Canceled', 'Gone'] as const),
]);

export const isRunning = (status: InstanceStatus): boolean => !ENDED.has(status);

/** Whether the error passes without a change of code or settings: a store or the host is unavailable. */
export const isTransient = (error: unknown): error is Error =>
  error instanceof StoreUnavailable || error instanceof HostUnavailable;
