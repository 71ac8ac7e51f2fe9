import {
  fingerprintOf,
  isSigningKey,
  NO_RECORD,
  publicKeyOf,
  recordHash,
} from '../shared/domain/evidence/removal';
import {
  carryOutRetention,
  planRetention,
  rowsOf,
  type RetentionPlan,
  type Retained,
} from '../shared/privacy/retention';
import type { Json } from './command';
import {
  openClaims,
  openRemovalRecordsOf,
  openSealsOf,
  openTables,
  readBody,
  type Connection,
} from './connection';
import { CliError, counted, print } from './print';
import { publicKeysIn } from './retention-keys';

export type RetentionOptions = Json & {
  before: string;
  yes: boolean;
  key?: string;
  retentionKey: string[];
  by?: string;
  reason?: string;
};

/** So long an event can come again, and a request that outlived it is followed. */
const LEAST_DAYS = 90;

/** Shows what of the audit is older than a day, or removes it. */
export async function retention(
  connection: Connection,
  { before, yes, key, retentionKey, by, reason, json }: RetentionOptions,
): Promise<void> {
  const now = connection.now();
  if (now - Date.parse(before) < LEAST_DAYS * 86_400_000)
    throw new CliError(
      `--before takes a day that is at least ${LEAST_DAYS} days ago: ${latest(now)} or an earlier one`,
      2,
    );
  const signing = yes ? await signingOf({ key, by, reason }) : undefined;
  const former = await publicKeysIn(retentionKey);
  const tables = openTables(connection);
  const stores = {
    ...{ audit: tables.audit, index: tables.auditIndex },
    claims: { ...tables.claims, claim: openClaims(connection).read },
    ...{ seals: openSealsOf(connection), records: openRemovalRecordsOf(connection) },
  };
  // Who may not read claims is told at once, and not after everything else was read.
  await stores.claims.claim(NO_RECORD);
  const own = signing ? [publicKeyOf(signing.privateKey)] : [];
  const trusted = [...own, ...former];
  const plan = await planRetention(stores, before, trusted.length === 0 ? undefined : trusted);
  const at = new Date(now).toISOString();
  const records = signing ? await carryOutRetention(stores, plan, { ...signing, at }) : [];
  const report: Retained = {
    ...{ before, isDone: yes, ...countsOf(plan) },
    records: records.map((record) => ({
      ...{ number: record.number, hash: recordHash(record) },
      key: fingerprintOf(record.publicKey),
    })),
  };
  print(report, json, textOf);
}

const latest = (now: number): string =>
  new Date(now - LEAST_DAYS * 86_400_000).toISOString().slice(0, 10);

async function signingOf({ key, by, reason }: Record<'key' | 'by' | 'reason', string | undefined>) {
  if (key === undefined || by === undefined || reason === undefined)
    throw new CliError('--yes needs --key, --by and --reason', 2);
  const privateKey = (await readBody(key)).toString('utf8');
  if (!isSigningKey(privateKey)) throw new CliError(`${key} holds no private Ed25519 key`, 2);
  return { privateKey, by, reason };
}

const countsOf = ({ removable, kept }: RetentionPlan) => ({
  events: removable.filter(({ isBody }) => !isBody).length,
  refusals: removable.filter(({ isBody }) => isBody).length,
  ...{ rows: rowsOf(removable), kept },
});

function textOf({ before, isDone, events, refusals, rows, kept, records }: Retained): string {
  const what = `${counted(events, 'event')} and ${counted(refusals, 'refused body', 'refused bodies')} from before ${before}`;
  const { audit, auditIndex, claims } = rows;
  const stay = Object.entries(kept).filter(([, count]) => count > 0);
  return [
    `${isDone ? 'removed' : 'would remove'} ${what}: ${counted(audit, 'audit row')}, ${auditIndex} of its index, ${counted(claims, 'claim row')}`,
    ...stay.map(([why, count]) => `stays, ${why}: ${count}`),
    ...records.map(
      ({ number, hash, key }) => `record ${number}, signed by the key ${key}: ${hash}`,
    ),
    ...(isDone || events + refusals === 0
      ? []
      : ['next: the same with --yes --key <file> --by <who> --reason <code>']),
  ].join('\n');
}
