/** The longest that setTimeout can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Alarms by instance and timer id. An alarm never rings early, and rings at once when its time is past. */
export function createTimers() {
  const alarms = new Map<string, Map<number, NodeJS.Timeout>>();

  const clear = (instanceId: string): void => {
    for (const alarm of alarms.get(instanceId)?.values() ?? []) clearTimeout(alarm);
    alarms.delete(instanceId);
  };
  return {
    arm(instanceId: string, timerId: number, due: number, ring: () => void): void {
      const own = alarms.get(instanceId) ?? new Map<number, NodeJS.Timeout>();
      alarms.set(instanceId, own);
      const wait = (): void => {
        const left = due - Date.now();
        if (left > 0) {
          own.set(timerId, setTimeout(wait, Math.min(left, LONGEST)));
          return;
        }
        own.delete(timerId);
        ring();
      };
      wait();
    },
    clear,
    clearAll(): void {
      for (const instanceId of [...alarms.keys()]) clear(instanceId);
    },
  };
}
