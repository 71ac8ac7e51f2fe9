import { z } from 'zod';
import { jsonHash } from '../domain/events/keys';
import type { AuditRow } from '../domain/workflow/audit-entry';

const text = z.string();
const count = z.number().int().nonnegative();

/** Rows recorded since `from`, if it is there, and before `to`. */
export const Period = z.strictObject({ from: text.optional(), to: text });
export type Period = z.infer<typeof Period>;
export type BoundedPeriod = Period & { from: string };

/** What every report says of itself. It follows from the question and the stored rows alone. */
export const ofEveryReport = {
  period: Period,
  /** In words: what was asked for, and what is left out. */
  filters: z.array(text),
  /** Audit rows that were read, and lines that the report has. */
  rows: z.strictObject({ in: count, out: count }),
  environments: z.array(text),
  /** What could not be read or checked. */
  notes: z.array(text),
};

/** Who made a report, when, with which version of Joinery, and the command that makes it again. */
export const Made = z.strictObject({ by: text, at: text, version: text, command: text });
export type Made = z.infer<typeof Made>;

export type Content = z.infer<z.ZodObject<typeof ofEveryReport>>;

/** A report as it is given to an auditor. `hash`: SHA-256 of the canonical JSON (RFC 8785) of `content`. */
export const evidenceOf = <Shape extends z.ZodRawShape>(content: z.ZodObject<Shape>) =>
  z.strictObject({ content, hash: z.string().regex(/^[0-9a-f]{64}$/), made: Made });
export type Evidence<Of extends Content = Content> = { content: Of; hash: string; made: Made };

export const withHash = <Of extends Content>(content: Of, made: Made): Evidence<Of> => ({
  ...{ content, hash: jsonHash(content), made },
});

/** Whether a row belongs to a period. A row is never recorded again, so what has passed stays as it is. */
export const isWithin =
  ({ from = '', to }: Period) =>
  ({ recordedAt }: Pick<AuditRow, 'recordedAt'>): boolean =>
    from <= recordedAt && recordedAt < to;

/** An index names the day by the clock of the run, which is read before the row is recorded. */
const LAG_MS = 3_600_000;

/** The UTC days whose index leads to every row of a period. */
export function indexedDays({ from, to }: BoundedPeriod): { first: string; last: string } {
  const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
  return { first: dayOf(Date.parse(from) - LAG_MS), last: dayOf(Date.parse(to) - 1) };
}

export const environmentsOf = (rows: readonly AuditRow[]): string[] =>
  [...new Set(rows.map(({ environment }) => environment))].sort();

/** Minutes from one time to another, two decimals. */
export const minutesBetween = (from: string, to: string): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / 600) / 100;
