import type { AuditRow } from '../domain/workflow/audit-entry';
import { eventHash } from '../domain/events/keys';
import type { Claims } from '../storage/claims';
import type { LedgerReader } from '../storage/audit';
import { chainFaults } from '../storage/verify-chain';

type Stores = {
  claims: Pick<Claims, 'read'>;
  audit: Pick<LedgerReader, 'ofEvent' | 'ofWorker' | 'ofDay'>;
};

/** Which rows: those of an event id in any of `sources`, of a worker id, or of a UTC day (`YYYY-MM-DD`). */
export type AuditQuestion =
  { event: string; sources: readonly string[] } | { worker: string } | { day: string };

/** `faults` lists what is wrong with the hash chains of the rows. */
export type AuditReport = { rows: AuditRow[]; faults: string[] };

/** Reads audit rows and checks their hash chains, also against the ends in the claims. */
export async function auditReport(
  { claims, audit }: Stores,
  question: AuditQuestion,
): Promise<AuditReport> {
  const rows = await readRows(audit, question);
  const faults: string[] = [];
  for (const chain of chainsOf(rows)) faults.push(...(await faultsOf(chain, claims)));
  return { rows, faults };
}

async function readRows(audit: Stores['audit'], question: AuditQuestion): Promise<AuditRow[]> {
  if ('worker' in question) return audit.ofWorker(question.worker);
  if ('day' in question) {
    const rows = await audit.ofDay(question.day);
    return rows.sort((one, other) => (one.recordedAt < other.recordedAt ? -1 : 1));
  }
  const { event, sources } = question;
  return (
    await Promise.all(sources.map((source) => audit.ofEvent(eventHash(source, event))))
  ).flat();
}

/** The rows grouped by event; a refused body is a chain of its own. */
function chainsOf(rows: readonly AuditRow[]): AuditRow[][] {
  const chains = new Map<string | undefined, AuditRow[]>();
  for (const row of rows) {
    const key = row.kind === 'rejected' ? row.bodyHash : row.eventHash;
    chains.set(key, [...(chains.get(key) ?? []), row]);
  }
  return [...chains.values()];
}

async function faultsOf(chain: AuditRow[], claims: Stores['claims']): Promise<string[]> {
  const [first] = chain;
  if (first?.eventHash === undefined || first.kind === 'rejected') return chainFaults(chain);
  const claim = await claims.read(first.eventHash);
  if (claim?.state !== 'closed' || !claim.chain) return chainFaults(chain);
  return chainFaults(chain, { attempt: claim.attempt, ...claim.chain });
}
