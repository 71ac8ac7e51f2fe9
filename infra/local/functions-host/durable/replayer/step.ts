/**
 * Something scheduled whose end is known at once when its event is read. A promise would run its callbacks too late;
 * and as every turn makes all of them anew, a step is plain data.
 */
export type Step = {
  state: 'open' | 'done' | 'failed';
  /** Set on a failure that must not be tried again. */
  nonRetriable: boolean;
  waiting: (() => void)[] | undefined;
};

export type Outcome = { failed: boolean; nonRetriable?: boolean };

const DONE: Outcome = { failed: false };

export function openStep(): Step {
  return { state: 'open', nonRetriable: false, waiting: undefined };
}

export function doneStep(): Step {
  return { state: 'done', nonRetriable: false, waiting: undefined };
}

/** Ends a step once; what waits for it goes on before this returns. */
export function settle(step: Step, { failed, nonRetriable = false }: Outcome = DONE): void {
  if (step.state !== 'open') return;
  step.state = failed ? 'failed' : 'done';
  step.nonRetriable = nonRetriable;
  const { waiting } = step;
  step.waiting = undefined;
  for (const callback of waiting ?? []) callback();
}

/** Calls back at the end of the step, at once if it has ended. */
export function whenSettled(step: Step, callback: () => void): void {
  if (step.state !== 'open') callback();
  else (step.waiting ??= []).push(callback);
}
