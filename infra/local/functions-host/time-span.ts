const pattern = /^(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

/** Milliseconds of a .NET TimeSpan text such as `00:05:00` or `3.00:00:00`; undefined if it is none. */
export function parseTimeSpan(text: string): number | undefined {
  const parts = pattern.exec(text);
  if (!parts) return undefined;
  const [days, hours, minutes, seconds] = parts.slice(1, 5).map((part) => Number(part || 0));
  const fraction = Number(`0.${parts[5] ?? 0}`);
  return Math.round(
    ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0) + fraction) *
      1000,
  );
}

/** The TimeSpan text of milliseconds. */
export function formatTimeSpan(milliseconds: number): string {
  const pad = (value: number, width = 2): string => String(Math.floor(value)).padStart(width, '0');
  const days = Math.floor(milliseconds / 86_400_000);
  const fraction = milliseconds % 1000;
  const time = [
    milliseconds / 3_600_000 - days * 24,
    (milliseconds / 60_000) % 60,
    (milliseconds / 1000) % 60,
  ]
    .map((part) => pad(part))
    .join(':');
  return `${days > 0 ? `${days}.` : ''}${time}${fraction > 0 ? `.${pad(fraction, 3)}0000` : ''}`;
}
