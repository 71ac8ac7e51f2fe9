import type { Policy, Schedule } from '../state/rows';

const durationPattern =
  /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** The end of an ISO 8601 duration that starts at `from`, in milliseconds since 1970. Undefined for any other text. */
export function endOf(duration: string, from: number): number | undefined {
  const parts = durationPattern.exec(duration);
  if (parts === null || duration.endsWith('P') || duration.endsWith('T')) return undefined;
  const [years, months, days, hours, minutes, seconds] = parts
    .slice(1)
    .map((part) => Number((part as string | undefined) ?? 0));
  const end = new Date(from);
  end.setUTCFullYear(end.getUTCFullYear() + (years ?? 0), end.getUTCMonth() + (months ?? 0));
  const time = ((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
  return end.getTime() + ((days ?? 0) * 86_400 + time) * 1000;
}

/** The schedule of an assignment that starts at `from`: the requested one, else the lifetime of the policy. */
export function scheduleOf(
  requested: Schedule | undefined,
  policy: Policy | undefined,
  from: number,
): Schedule {
  const pattern = requested?.expiration ?? policy?.expiration ?? {};
  const { type, duration, endDateTime } = pattern as Partial<Schedule['expiration']>;
  const end = typeof duration === 'string' ? endOf(duration, from) : undefined;
  return {
    startDateTime: new Date(from).toISOString(),
    expiration: {
      type: type ?? 'noExpiration',
      endDateTime: end === undefined ? (endDateTime ?? null) : new Date(end).toISOString(),
      duration: duration ?? null,
    },
  };
}
