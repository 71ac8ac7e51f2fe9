import { z } from 'zod';
import { Fact, type StoredFact } from '../domain/lifecycle/facts';
import type { AuditRow } from '../domain/workflow/audit-entry';
import { factOfClaim, type StoredClaim } from '../domain/workflow/claim';
import { claimIfAllowed } from '../evidence/claim-reader';
import { mapConcurrent } from '../promises';
import type { LedgerReader } from '../storage/audit';
import type { Claims } from '../storage/claims';
import { isNotAllowed } from '../storage/storage-port';
import { TooManyNumbers, type Workers } from '../storage/workers';

const text = z.string().optional();

/**
 * One event as rows know it. `states`: what it says of the worker, with the attributes that are stored; absent where only the
 * audit may be read, and of an event that HR did not send.
 */
export const FactLine = z.object({
  ...{ eventHash: z.string(), eventId: text, source: text, type: text },
  ...{ workerId: text, employmentId: text, sequence: z.number().int().optional() },
  /** When it was stated, and when it was first accepted. */
  ...{ occurredAt: text, acceptedAt: text },
  ...{ startDate: text, timeZone: text, actAt: text, readyBy: text },
  states: Fact.shape.states.optional(),
});
export type FactLine = z.infer<typeof FactLine>;

export const factLineOfClaim = (claim: StoredClaim): FactLine => {
  const { eventHash, fact, content } = claim;
  const { eventId, eventSource: source, eventType: type, workerId, employmentId } = fact;
  const { sequence, occurredAt, receivedAt, startDate, timeZone, actAt, readyBy } = fact;
  return {
    ...{ eventHash, eventId, source, type, workerId, employmentId, sequence, occurredAt },
    acceptedAt: content?.acceptedAt ?? receivedAt,
    ...{ startDate, timeZone, actAt, readyBy, states: factOfClaim(eventHash, claim)?.states },
  };
};

/** `type` of an event by what it states. */
export const factLineOf = (fact: StoredFact): FactLine => {
  const { hash: eventHash, id: eventId, source, workerId, employmentId, sequence } = fact;
  const { time: occurredAt, acceptedAt, timeZone, states } = fact;
  return {
    ...{ eventHash, eventId, source, type: `hr.worker.${states.kind}.v1` },
    ...{ workerId, employmentId, sequence, occurredAt, acceptedAt, timeZone, states },
  };
};

/** By the rows of the event itself: the first attempt was received when the event was accepted. */
export const factLineOfRows = (rows: readonly AuditRow[]): FactLine | undefined => {
  const [row] = rows.filter(({ kind }) => kind !== 'rejected');
  if (row?.eventHash === undefined) return undefined;
  const { eventHash, eventId, eventSource: source, eventType: type, workerId, employmentId } = row;
  const { sequence, occurredAt, receivedAt, startDate, timeZone, actAt, readyBy } = row;
  return {
    ...{ eventHash, eventId, source, type, workerId, employmentId, sequence, occurredAt },
    ...{ acceptedAt: receivedAt, startDate, timeZone, actAt, readyBy },
  };
};

type Stores = {
  claims: Pick<Claims, 'read'>;
  audit: Pick<LedgerReader, 'ofEvent'>;
  workers: Pick<Workers, 'facts'>;
};

const AT_ONCE = 16;

/**
 * The events of the hashes, from their claims, or where these may not be read or are gone, from the audit. What was loaded
 * from a roster has neither, and is among the facts of the worker.
 */
export async function factLines(
  stores: Stores,
  hashes: Iterable<string>,
  workerId: string | undefined,
): Promise<Map<string, FactLine>> {
  const lines = await mapConcurrent(AT_ONCE, [...new Set(hashes)], async (eventHash) => {
    const claim = await claimIfAllowed(stores, eventHash);
    if (typeof claim === 'object') return factLineOfClaim(claim);
    return factLineOfRows(await stores.audit.ofEvent(eventHash)) ?? { eventHash };
  });
  const isUnknown = lines.some(({ eventId }) => eventId === undefined);
  const facts = isUnknown && workerId !== undefined ? await factsIfAllowed(stores, workerId) : [];
  const loaded = new Map(facts.map((fact) => [fact.hash, factLineOf(fact)]));
  return new Map(
    lines.map((line) => {
      const fact = line.eventId === undefined ? loaded.get(line.eventHash) : undefined;
      return [line.eventHash, fact ?? line];
    }),
  );
}

async function factsIfAllowed({ workers }: Stores, workerId: string): Promise<StoredFact[]> {
  try {
    return await workers.facts(workerId);
  } catch (error) {
    if (isNotAllowed(error) || error instanceof TooManyNumbers) return [];
    throw error;
  }
}

/** The hashes in the column `factHashes`. */
export const hashesIn = ({ factHashes }: Pick<AuditRow, 'factHashes'>): string[] =>
  factHashes?.split(' ') ?? [];
