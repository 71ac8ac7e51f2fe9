import type { AssignmentPolicy } from './answers';
import { GraphError } from './errors';

/**
 * When access under a policy ends that began at `from` (ISO 8601), or undefined if it does not end.
 * Source: https://learn.microsoft.com/graph/api/resources/expirationpattern
 */
export function endUnder(
  { expiration }: Pick<AssignmentPolicy, 'expiration'>,
  from: string,
): string | undefined {
  const type = expiration?.type?.toLowerCase();
  if (type === 'afterdatetime') return expiration?.endDateTime ?? unreadable();
  if (type !== 'afterduration') return undefined;
  return after(new Date(from), expiration?.duration ?? '').toISOString();
}

/** What cannot be read must never become access without an end. */
function unreadable(): never {
  throw new GraphError('expiration', { code: 'invalid-value', ambiguous: false });
}

const DURATION =
  /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?)?$/;

/** Calendar arithmetic in UTC. */
function after(from: Date, duration: string): Date {
  const parts = DURATION.exec(duration);
  if (!parts) return unreadable();
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0] = parts
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const end = new Date(from);
  end.setUTCFullYear(end.getUTCFullYear() + years, end.getUTCMonth() + months);
  end.setUTCDate(end.getUTCDate() + weeks * 7 + days);
  end.setUTCHours(end.getUTCHours() + hours, end.getUTCMinutes() + minutes);
  return end;
}
