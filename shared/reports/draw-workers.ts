import { createHash } from 'node:crypto';
import type { AuditRow } from '../domain/workflow/audit-entry';
import type { LedgerReader } from '../storage/audit';
import { readable } from './audit';
import { indexedDays, isWithin, type BoundedPeriod } from './evidence';

const AT_ONCE = 16;

type Sample = { sample: number; seed: string; period: BoundedPeriod };

/** Whether a row says how something about a package ended. That a package is complete changes nobody's access. */
export const isChange = ({ kind, packageKey, step, outcome }: AuditRow): boolean =>
  (kind === 'settled' || kind === 'request-ended') &&
  packageKey !== undefined &&
  !(step === 'ensure' && outcome === 'complete');

/**
 * Draws events of the period in the order of a hash of seed and event, until they name as many workers as are wanted. Events
 * that changed nothing are passed over, which leaves each of the others the same chance.
 */
export async function drawWorkers(
  { audit }: { audit: Pick<LedgerReader, 'rowsOf' | 'subjectsOfDays'> },
  { sample: size, seed, period }: Sample,
) {
  const { first, last } = indexedDays(period);
  const { eventHashes } = await audit.subjectsOfDays(first, last, period.to);
  const orderOf = (hash: string): string => sha256(JSON.stringify([seed, hash]));
  const order = eventHashes
    .map((hash) => ({ hash, key: orderOf(hash) }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  const workers = new Set<string>();
  const sample = { size, seed, events: order.length, drawn: 0, withoutChange: 0 };
  for (let at = 0; at < order.length && workers.size < size; at += AT_ONCE) {
    const next = order.slice(at, at + AT_ONCE);
    const events = await Promise.all(next.map(({ hash }) => audit.rowsOf(hash)));
    for (const stored of events) {
      if (workers.size === size) break;
      sample.drawn += 1;
      const changed = stored.flatMap(readable).filter(isWithin(period)).find(isChange);
      if (changed?.workerId === undefined) sample.withoutChange += 1;
      else workers.add(changed.workerId);
    }
  }
  return { workers: [...workers], sample };
}

const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex');
