import { rowKey, type KnownEnd } from '../../shared/domain/evidence/chain';
import { chainFaults as faultsOf } from '../../shared/domain/evidence/chain-faults';
import type { AuditRow } from '../../shared/domain/workflow/audit-entry';

/** The faults in rows as a reader gives them, of one event: each is where it says that it is. */
export const chainFaults = (rows: readonly AuditRow[], end?: KnownEnd) =>
  faultsOf(
    rows[0]?.eventHash ?? '',
    rows.map((columns) => ({ key: rowKey(columns.attempt, columns.seq), columns })),
    end && [end],
  );
