const longest = 86_400;

/** How long to wait where Graph throttles and does not say for how long. */
export const UNSAID_SECONDS = 10;

/**
 * Seconds to wait by a `Retry-After` header, as a number of seconds or as an HTTP date (RFC 9110, 10.2.3), at most a
 * day; undefined if there is none or it cannot be read.
 */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text), longest);
  if (!/^[A-Za-z]{3}/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at)
    ? undefined
    : Math.min(Math.max(Math.ceil((at - now) / 1000), 0), longest);
}
