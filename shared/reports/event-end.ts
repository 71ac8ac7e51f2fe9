import { z } from 'zod';
import type { AuditRow } from '../domain/workflow/audit-entry';

const text = z.string();

/**
 * What became of an event. `delivered`: what it stated was carried out. `explained`: its end, or the wait that it is in, says
 * why not. `unexplained`: nothing does.
 */
export const EventEnd = z.strictObject({
  result: z.enum(['delivered', 'explained', 'unexplained']),
  /** The outcome, what is waited for, or what is missing. */
  code: text,
  reason: text.optional(),
  /** Of an event that has ended: its outcome. */
  outcome: text.optional(),
  /** When that was recorded; until when it waits at most. */
  ...{ at: text.optional(), until: text.optional() },
});
export type EventEnd = z.infer<typeof EventEnd>;

const CARRIED_OUT: readonly (string | undefined)[] = ['delivered', 'already-held', 'revoked'];

/** These say nothing by themselves: the reason does. */
const NEEDS_REASON: readonly (string | undefined)[] = [
  ...['failed', 'timed-out', 'needs-attention', 'terminated'],
];

/** For so long a run may work without a row that says what it waits for. */
const AT_WORK_MS = 15 * 60_000;

/** What became of an event by `to`, from its rows until then, in their order. `receivedAt`: for one without a row. */
export function endOf(rows: readonly AuditRow[], to: string, receivedAt?: string): EventEnd {
  const last = rows.at(-1);
  if (last?.kind === 'closing') return endOfRow(last);
  const isAtWork = (time: string | undefined): boolean =>
    time !== undefined && Date.parse(to) - Date.parse(time) < AT_WORK_MS;
  const at = last?.recordedAt;
  const attempt = rows.filter((row) => row.attempt === last?.attempt);
  const wait = attempt.findLast(({ kind }) => kind === 'waiting');
  const { waitingFor = '', reason, waitingUntil: until } = wait ?? {};
  if (wait && (until === undefined || until >= to || isAtWork(until)))
    return { result: 'explained', code: `waits:${waitingFor}`, reason, at, until };
  if (isAtWork(at ?? receivedAt)) return { result: 'explained', code: 'at-work', at };
  if (!last) return { result: 'unexplained', code: 'no-rows' };
  return { result: 'unexplained', code: wait ? 'overdue' : 'no-end', reason, at, until };
}

function endOfRow({ outcome, reason, recordedAt: at }: AuditRow): EventEnd {
  const end = { code: outcome ?? '', outcome, reason, at };
  if (CARRIED_OUT.includes(outcome)) return { result: 'delivered', ...end };
  const isUnexplained = NEEDS_REASON.includes(outcome) && reason === undefined;
  return { result: isUnexplained ? 'unexplained' : 'explained', ...end };
}
