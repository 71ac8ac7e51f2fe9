const ISO_8601 = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/**
 * Milliseconds of an ISO 8601 duration in days, hours, minutes and seconds (`PT1M`, `P1DT2H`), or undefined if the text
 * is not one. Years and months are not taken: their length is not fixed.
 */
export function millisecondsOf(duration: string): number | undefined {
  const match = ISO_8601.exec(duration);
  if (!match || !/\d/.test(duration) || duration.endsWith('T')) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part || 0));
  return ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
}
