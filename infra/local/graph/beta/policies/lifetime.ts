import { endOf } from '../../services/schedules';
import { invalidRequest } from '../../errors';
import type { Body } from '../../odata/check-body';
import { optionalText } from '../../odata/read';
import type { Policy } from '../../state/rows';

const dayMs = 86_400_000;

/** How long access lasts, as v1.0 has it: an end, else a number of days, else for ever. */
export function storedLifetime(body: Body): Body {
  const days = typeof body['durationInDays'] === 'number' ? body['durationInDays'] : 0;
  const endDateTime = optionalText(body, 'expirationDateTime');
  if (days < 0) throw invalidRequest("'durationInDays' must not be negative.");
  if (days > 0 && endDateTime !== null) {
    throw invalidRequest('A policy has a duration or an end, not both.');
  }
  if (endDateTime !== null) return { type: 'afterDateTime', endDateTime };
  return days > 0 ? { type: 'afterDuration', duration: `P${days}D` } : { type: 'noExpiration' };
}

/** How long access lasts, as beta has it; a duration that is no whole number of days is rounded up. */
export function shownLifetime({ expiration }: Policy): Body {
  const { duration, endDateTime } = expiration;
  const length = typeof duration === 'string' ? (endOf(duration, 0) ?? 0) : 0;
  return { durationInDays: Math.ceil(length / dayMs), expirationDateTime: endDateTime ?? null };
}
