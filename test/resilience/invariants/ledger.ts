import { createHash } from 'node:crypto';
import type { Row } from '../../support/tables';
import { attemptOf, grouped, isRejection, repeats, text } from './rows';

const START_OF_CHAIN = '0'.repeat(64);

/** Each attempt has one row per seq, no gap, one closing row at its end, and a correct chain of hashes. */
export function ledgerFaults(audit: readonly Row[]): string[] {
  const changed = audit
    .filter((row) => hashOf(row) !== row['hash'])
    .map((row) => `audit row was changed: ${row.partitionKey} ${row.rowKey}`);
  const attempts = grouped(
    audit.filter((row) => !isRejection(row)),
    attemptOf,
  );
  return [...changed, ...[...attempts].flatMap(([name, rows]) => attemptFaults(name, rows))];
}

/** SHA-256 over the canonical JSON (members sorted, no space) of all columns but the hash. All columns are scalars. */
export function hashOf(row: Row): string {
  const members = Object.keys(row)
    .filter((name) => !['partitionKey', 'rowKey', 'hash'].includes(name))
    .sort()
    .map((name) => `${JSON.stringify(name)}:${JSON.stringify(row[name])}`);
  return createHash('sha256')
    .update(`{${members.join(',')}}`)
    .digest('hex');
}

function attemptFaults(name: string, unsorted: readonly Row[]): string[] {
  const rows = unsorted.toSorted((one, other) => Number(one['seq']) - Number(other['seq']));
  const closings = rows.filter(({ kind }) => kind === 'closing').length;
  const found = rows.flatMap((row, at) => {
    const seq = Number(row['seq']);
    const before = rows[at - 1];
    return [
      seq !== at + 1 && `gap or repeat in the audit at seq ${seq}`,
      row['prevHash'] !== (before?.['hash'] ?? START_OF_CHAIN) && `broken chain at seq ${seq}`,
      row.rowKey !== keyOf(row) && `audit row under a foreign key at seq ${seq}`,
      row['runToken'] !== rows[0]?.['runToken'] && `two runs in one chain at seq ${seq}`,
      row['kind'] === 'settled' &&
        !hasIntendedRow(row, rows.slice(0, at)) &&
        `settled without an intended row at seq ${seq}`,
    ];
  });
  return [
    ...found,
    ...repeats(rows.filter(isWaiting), (row) => text(row, 'waitingFor')).map(
      (kind) => `two waiting rows for ${kind}`,
    ),
    closings !== 1 && `${closings} closing rows`,
    closings === 1 && rows.at(-1)?.['kind'] !== 'closing' && 'a row after the closing row',
  ]
    .filter((fault) => fault !== false)
    .map((fault) => `${fault}: ${name}`);
}

const isWaiting = ({ kind }: Row): boolean => kind === 'waiting';

const keyOf = (row: Row): string =>
  `${text(row, 'attempt').padStart(4, '0')}-${text(row, 'seq').padStart(6, '0')}`;

/** Of what the plan alone decides nothing is intended. */
const hasIntendedRow = (settled: Row, before: readonly Row[]): boolean =>
  settled['step'] === 'plan' ||
  before.some(
    (row) =>
      row['kind'] === 'intended' &&
      row['step'] === settled['step'] &&
      row['packageKey'] === settled['packageKey'],
  );
