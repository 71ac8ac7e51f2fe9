import { randomUUID } from 'node:crypto';
import type { CLOCK, RECHECK } from '../domain/events/event';
import { eventHash, jsonHash } from '../domain/events/keys';
import type { Claims } from '../storage/claims';
import type { Due } from '../storage/due';
import type { RunHost } from './run-host';
import { scheduleRecovery, startRun } from './start';

type Services = {
  claims: Pick<Claims, 'claim'>;
  due: Pick<Due, 'schedule' | 'cancel'>;
  config: { recovery: { delaySeconds: number } };
};

/**
 * An event that the app makes itself. `id` is `<worker id>@<what for>`; `at` (ISO 8601): the instant that it is for. `by` and
 * `reason`: of the person who asks for it.
 */
export type OwnEvent = {
  source: typeof CLOCK | typeof RECHECK;
  id: string;
  workerId: string;
  at: string;
  by?: string | undefined;
  reason?: string | undefined;
};

const types = {
  'urn:joinery:clock': 'joinery.clock.v1',
  'urn:joinery:recheck': 'joinery.recheck.v1',
} as const satisfies Record<OwnEvent['source'], string>;

/**
 * Claims and starts an event of our own, which has a chain and an end like every other, and states no fact. Idempotent: an
 * event that is known already starts only if its start was lost. Throws StoreUnavailable or HostUnavailable.
 */
export async function startOwnEvent(
  { claims, due, config }: Services,
  host: Pick<RunHost, 'start' | 'status'>,
  event: OwnEvent,
): Promise<{ eventHash: string; isNew: boolean }> {
  const { source, id, workerId, at, by, reason } = event;
  const hash = eventHash(source, id);
  const contentHash = jsonHash({ source, id, workerId, at });
  const now = new Date().toISOString();
  const place = await scheduleRecovery({ due, config }, hash, { now, owner: randomUUID() });
  const held = await claims.claim(hash, {
    ...{ state: 'claimed', contentHash, attempt: 1, due: place, updatedAt: now },
    fact: {
      ...{ eventId: id, eventSource: source, eventType: types[source], bodyHash: contentHash },
      ...{ workerId, employmentId: 'primary', actAt: at, occurredAt: at, receivedAt: now },
      ...(by !== undefined && { requestedBy: by }),
      ...(reason !== undefined && { requestReason: reason }),
    },
  });
  const isNew = held === 'claimed';
  if (!isNew) await due.cancel(place);
  if (isNew || held.state === 'claimed') await startRun(host, hash, isNew ? 1 : held.attempt);
  return { eventHash: hash, isNew };
}
