import type { AuditRow } from '../domain/workflow/audit-entry';
import { START_OF_CHAIN, type ChainEnd } from '../domain/workflow/run';
import { hashOf } from './audit';

/** The end of the last attempt at an event, from its claim. */
export type KnownEnd = Pick<ChainEnd, 'seq' | 'hash'> & { attempt: number };

/**
 * The faults in the rows of one event, all attempts, in the order they are read: a row whose hash does not match its
 * content, a gap, a break in the chain, a row after the closing one. Only `end` can show that rows at the end are missing
 * or were rewritten; without it, no fault means that the existing rows form a chain.
 */
export function chainFaults(rows: readonly AuditRow[], end?: KnownEnd): string[] {
  const faults = rows.flatMap((row, at) => rowFaults(row, rows[at - 1]));
  const last = rows.findLast((row) => row.attempt === end?.attempt);
  if (end && (last?.seq !== end.seq || last.hash !== end.hash)) {
    faults.push(`attempt ${end.attempt}: the chain does not end where its claim says`);
  }
  return faults;
}

function rowFaults(row: AuditRow, previous: AuditRow | undefined): string[] {
  const place = `attempt ${row.attempt}, seq ${row.seq}`;
  const before = previous?.attempt === row.attempt ? previous : undefined;
  const { hash, ...content } = row;
  const found = [
    hashOf(content) !== hash && 'the row was changed',
    row.seq !== (before?.seq ?? 0) + 1 && 'a row before it is missing',
    row.prevHash !== (before?.hash ?? START_OF_CHAIN.hash) && 'the chain is broken',
    row.attempt !== (before?.attempt ?? (previous?.attempt ?? 0) + 1) &&
      'the attempt before it is missing',
    before?.kind === 'closing' && 'a row follows the closing one',
  ];
  return found.filter((fault) => fault !== false).map((fault) => `${place}: ${fault}`);
}
