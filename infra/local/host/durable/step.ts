/** Something scheduled whose end is known at once when its event is read. A promise would run its callbacks too late. */
export type Step = {
  readonly settled: boolean;
  readonly failed: boolean;
  readonly nonRetriable: boolean;
  settle: (outcome?: { failed: boolean; nonRetriable?: boolean }) => void;
  whenSettled: (callback: () => void) => void;
};

export function createStep(): Step {
  let settled = false;
  let outcome: { failed: boolean; nonRetriable?: boolean } = { failed: false };
  let callbacks: (() => void)[] = [];
  return {
    get settled() {
      return settled;
    },
    get failed() {
      return outcome.failed;
    },
    get nonRetriable() {
      return outcome.nonRetriable ?? false;
    },
    settle(end = { failed: false }) {
      if (settled) return;
      settled = true;
      outcome = end;
      const waiting = callbacks;
      callbacks = [];
      for (const callback of waiting) callback();
    },
    whenSettled(callback) {
      if (settled) callback();
      else callbacks.push(callback);
    },
  };
}

export function settledStep(): Step {
  const step = createStep();
  step.settle();
  return step;
}
