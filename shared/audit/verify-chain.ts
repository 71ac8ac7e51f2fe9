import type { AuditRow } from '../domain/audit-entry';
import { START_OF_CHAIN } from '../domain/run';
import { hashOf } from './ledger';

/**
 * The faults in the rows of one event, all attempts, in the order they are read: a row whose hash does not fit its
 * content, a gap, a break in the chain, a row after the closing one. No fault means that the chain holds as far as it
 * goes; whether it is whole, its claim tells.
 */
export function chainFaults(rows: readonly AuditRow[]): string[] {
  let last: AuditRow | undefined;
  const faults: string[] = [];
  for (const row of rows) {
    const before = last?.attempt === row.attempt ? last : undefined;
    const place = `attempt ${row.attempt}, seq ${row.seq}`;
    const { hash, ...content } = row;
    if (hashOf(content) !== hash) faults.push(`${place}: the row was changed`);
    if (row.seq !== (before?.seq ?? 0) + 1) faults.push(`${place}: a row before it is missing`);
    if (row.prevHash !== (before?.hash ?? START_OF_CHAIN.hash))
      faults.push(`${place}: the chain is broken`);
    if (before?.kind === 'closing') faults.push(`${place}: a row follows the closing one`);
    last = row;
  }
  return faults;
}
