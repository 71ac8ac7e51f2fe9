import { randomUUID } from 'node:crypto';
import type { Engine } from '../engine/engine';
import { unwritten, type HistoryEvent } from '../protocol/history';
import { type Instance, type InstanceRecord, isLive, type RuntimeStatus } from '../store/state';
import { written } from '../store/kept-history';
import {
  eventRaised,
  executionResumed,
  executionSuspended,
  executionTerminated,
} from '../protocol/make-event';
import { mayStart, newInstance, type StartSettings } from '../engine/new-instance';
import type { Store } from '../store/store';

/** The instance id is in use. */
export class ConflictError extends Error {
  override name = 'ConflictError';
}

/** An invalid request. */
export class BadRequestError extends Error {
  override name = 'BadRequestError';
}

export type InstanceFilter = {
  from?: number | undefined;
  to?: number | undefined;
  statuses: readonly string[];
  prefix?: string | undefined;
};

/** The operations of a client on a task hub. Every change is durable when its promise resolves. */
export type TaskHub = ReturnType<typeof createTaskHub>;

export function createTaskHub(store: Store, engine: Engine, settings: StartSettings) {
  const send = async (id: string, event: HistoryEvent): Promise<void> =>
    engine.submit([{ op: 'arrive', id, events: [written(event)] }], id);

  return {
    /** `input` is JSON text. Throws ConflictError or BadRequestError. */
    async start(start: {
      name: string;
      id?: string | undefined;
      input: string | null;
      version?: string | undefined;
    }): Promise<string> {
      const { name, input, version, id = randomUUID().replaceAll('-', '') } = start;
      refuseBadId(id);
      if (!engine.isOrchestrator(name)) {
        throw new BadRequestError(`The function '${name}' is not an orchestrator, or is disabled.`);
      }
      const existing = store.instances.get(id);
      if (existing && !mayStart(existing, settings)) {
        const { status } = existing.record;
        throw new ConflictError(
          `An Orchestration instance with the status ${status} already exists.`,
        );
      }
      await engine.submit([newInstance({ id, name, version, input }, settings)], id);
      return id;
    },

    find: (id: string): InstanceRecord | undefined => store.instances.get(id)?.record,

    query: (filter: InstanceFilter): InstanceRecord[] =>
      [...store.instances.values()]
        .map(({ record }) => record)
        .filter((record) => matches(record, filter))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),

    async history(id: string): Promise<HistoryEvent[]> {
      const instance = store.instances.get(id);
      const text = instance && (await historyText(instance, store));
      const events = JSON.parse(`[${text ?? ''}]`) as HistoryEvent[];
      return events.map(unwritten);
    },

    raise: (id: string, name: string, input: string | null) =>
      send(id, eventRaised(Date.now(), name, input)),
    terminate: (id: string, reason: string) => send(id, executionTerminated(Date.now(), reason)),
    suspend: (id: string, reason: string) => send(id, executionSuspended(Date.now(), reason)),
    resume: (id: string, reason: string) => send(id, executionResumed(Date.now(), reason)),

    /** Deletes ended instances; returns how many. */
    async purge(ids: readonly string[]): Promise<number> {
      const ended = ids.filter((id) => {
        const record = store.instances.get(id)?.record;
        return record && !isLive(record);
      });
      await store.commit(ended.map((id) => ({ op: 'purge', id, events: [] })));
      return ended.length;
    },
  };
}

async function historyText(instance: Instance, store: Store): Promise<string | undefined> {
  const { archived } = instance.record;
  return archived ? store.archived(archived) : store.read(instance).texts.join(',');
}

function matches(record: InstanceRecord, { from, to, statuses, prefix }: InstanceFilter): boolean {
  if (from !== undefined && record.createdAt < from) return false;
  if (to !== undefined && record.createdAt > to) return false;
  if (prefix !== undefined && !record.id.startsWith(prefix)) return false;
  return statuses.length === 0 || statuses.includes(record.status satisfies RuntimeStatus);
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const forbidden = /^@|[/\\#?\u0000-\u001f\u007f-\u009f]/;

function refuseBadId(id: string): void {
  if (id.length > 256 || forbidden.test(id)) {
    throw new BadRequestError(
      'An instance id has at most 256 characters, does not begin with "@" and has no / \\ # ? or control characters.',
    );
  }
}
