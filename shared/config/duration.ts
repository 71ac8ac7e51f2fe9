const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a text such as `500ms`, `30s`, `4h` or `14d`; undefined if it is none. */
export function secondsOf(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit];
  return factor === undefined ? undefined : Number(amount) * factor;
}

/**
 * A poll schedule such as `5s 10s 20s 30s 60s<30m 15m<24h 1h`: single waits, then waits repeated until a time since the
 * request was made, then one without end. Undefined if the text is none.
 */
export function pollSchedule(text: string): { every: number; until?: number }[] | undefined {
  const entries = text
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [every, until, ...rest] = entry.split('<').map(secondsOf);
      if (every === undefined || every <= 0 || rest.length > 0) return undefined;
      if (!entry.includes('<')) return { every };
      return until === undefined ? undefined : { every, until };
    });
  const sound = entries.filter((entry) => entry !== undefined);
  return sound.length === entries.length && sound.at(-1)?.until === undefined ? sound : undefined;
}
