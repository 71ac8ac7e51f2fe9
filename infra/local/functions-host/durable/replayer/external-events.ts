import { openStep, settle, type Step } from './step';

/** Who waits for which event. Several waiters of one name form a stack; an event that comes early is kept. */
export function createExternalEvents() {
  const waiting = new Map<string, Step[]>();
  const early = new Map<string, number>();

  return {
    wait(eventName: string): Step {
      const name = eventName.toLowerCase();
      const step = openStep();
      const kept = early.get(name) ?? 0;
      if (kept > 0) {
        early.set(name, kept - 1);
        settle(step);
      } else {
        waiting.set(name, [...(waiting.get(name) ?? []), step]);
      }
      return step;
    },

    raise(eventName: string): void {
      const name = eventName.toLowerCase();
      const step = waiting.get(name)?.pop();
      if (step) settle(step);
      else early.set(name, (early.get(name) ?? 0) + 1);
    },
  };
}

export type ExternalEvents = ReturnType<typeof createExternalEvents>;
