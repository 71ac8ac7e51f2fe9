import { faultText } from '../shared/domain/evidence/fault';
import { eventHash } from '../shared/domain/events/keys';
import { sourcesOf } from '../shared/domain/events/event';
import { checkRemovals } from '../shared/privacy/retention';
import { proveEvent, type EventProof } from '../shared/evidence/prove';
import { verifyAudit, type Verification } from '../shared/evidence/verify';
import {
  openAudit,
  openClaims,
  openRemovalRecordsOf,
  openSealsOf,
  type Connection,
} from './connection';
import { ambiguousEvent, CliError, counted, print, unknownEvent } from './print';
import { publicKeysIn } from './retention-keys';

/** Hours as `2026-11-28T13`, or days. */
type VerifyOptions = { from?: string; to?: string; retentionKey: string[]; json: boolean };

/** Checks seals, rows and claims against each other. Exit code 1 on a fault. */
export async function verify(
  connection: Connection,
  { from, to, retentionKey, json }: VerifyOptions,
): Promise<void> {
  const stores = {
    ...{ claims: openClaims(connection), audit: openAudit(connection) },
    seals: openSealsOf(connection),
  };
  const range = {
    ...(from !== undefined && { from: from.length === DAY ? `${from}T00` : from }),
    ...(to !== undefined && { to: to.length === DAY ? `${to}T23` : to }),
  };
  if (range.from !== undefined && range.to !== undefined && range.from > range.to)
    throw new CliError('--from is after --to', 2);
  const keys = await publicKeysIn(retentionKey);
  const trusted = keys.length === 0 ? undefined : keys;
  const known = checkRemovals(await openRemovalRecordsOf(connection).all(), trusted);
  const { removals } = known;
  const verified = await verifyAudit(stores, { now: connection.now(), removals, ...range });
  const verification = {
    ...verified,
    faults: [...known.faults, ...verified.faults],
    notes: [...verified.notes, ...known.notes],
  };
  print(verification, json, verificationText);
  if (verification.faults.length > 0) process.exitCode = 1;
}

const DAY = 'yyyy-mm-dd'.length;

export function verificationText(verification: Verification): string {
  const {
    seals,
    events,
    refusals,
    rows,
    from = '',
    to = '',
    root,
    removed,
    faults,
    notes,
  } = verification;
  const read = [counted(events, 'event'), `${refusals} refused`, counted(rows, 'row')].join(', ');
  return [
    seals === 0 ? read : `${counted(seals, 'seal')} from ${from} to ${to}: ${read}`,
    ...(root === undefined ? [] : [`root of ${to}: ${root}`]),
    ...removed.map(
      ({ day, ...one }) =>
        `${counted(one.events, 'event')}, ${one.refusals} refused removed by retention on ${day}`,
    ),
    faults.length === 0
      ? 'nothing was changed, deleted or added'
      : `FAULTS:\n${faults.map(faultText).join('\n')}`,
    ...notes,
  ].join('\n');
}

/** Prints the proof of an event: as JSON in any case, because a script reads it. */
export async function prove(
  connection: Connection,
  id: string,
  options: { source?: string; json: boolean },
): Promise<void> {
  const stores = { audit: openAudit(connection), seals: openSealsOf(connection) };
  const sources = options.source === undefined ? connection.sources : [options.source];
  const all = await Promise.all(
    sourcesOf(id, sources).map(async (source) => {
      const proof = await proveEvent(stores, eventHash(source, id));
      return proof.rows.length > 0 || proof.proofs.length > 0 ? [{ source, proof }] : [];
    }),
  );
  const [known, ...others] = all.flat();
  if (!known) throw unknownEvent(id, sources);
  if (others.length > 0)
    throw ambiguousEvent(
      id,
      all.flat().map(({ source }) => source),
    );
  print(known.proof, true, () => '');
  const why = whyOpen(known.proof);
  if (why === undefined) return;
  process.stderr.write(`${why}\n`);
  process.exitCode = 1;
}

function whyOpen({ proofs, unsealed }: EventProof): string | undefined {
  const attempts = unsealed.map((attempt) => `attempt ${attempt}`).join(', ');
  if (attempts !== '')
    return `${attempts} is in no seal; what has closed is sealed a few minutes after the hour is over`;
  return proofs.length === 0 ? 'it has not closed, so it is in no seal' : undefined;
}
