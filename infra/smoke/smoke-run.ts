import { explain } from '../tenant/explain';
import { cleanUp } from './clean-up';
import { assignmentOf, give, membership, take } from './give-and-take';
import { makePackage } from './make-package';
import type { Patience } from './patience';
import { createGroup, type SmokeGraph } from './smoke-graph';

export type Step = { step: string; seconds: number; failed?: string };
export type Ran = { run: string; passed: boolean; steps: Step[]; leftBehind: string[] };

type Plan = {
  run: string;
  userId: string;
  /** Runs from before that have left something. */
  leftovers: readonly string[];
};

/**
 * One run: makes a throwaway package, gives it to a person, sees that it works, takes it back, and deletes everything,
 * also when a step fails. `tell` hears of each step as it ends.
 */
export async function smokeRun(
  graph: SmokeGraph,
  { run, userId, leftovers }: Plan,
  patience: Patience,
  tell: (step: Step) => void,
): Promise<Ran> {
  const steps: Step[] = [];
  const step = async <Result>(what: string, act: () => Promise<Result>): Promise<Result> => {
    const start = Date.now();
    const ended = (more: Pick<Step, 'failed'>): void => {
      const done = { step: what, seconds: (Date.now() - start) / 1000, ...more };
      steps.push(done);
      tell(done);
    };
    try {
      const result = await act();
      ended({});
      return result;
    } catch (error) {
      ended({ failed: explain(error) });
      throw error;
    }
  };
  // Cleaning up is not interrupted: that would leave behind what it is for.
  const uninterrupted = { ...patience, signal: undefined };
  const leftBehind: string[] = [];
  const deleted = (name: string): Promise<void> =>
    step(`delete all of ${name}`, () => cleanUp(graph, name, uninterrupted)).catch(() => {
      leftBehind.push(name);
    });

  for (const name of leftovers) await deleted(name);
  await proof(graph, run, userId, patience, step).catch(() => undefined);
  await deleted(run);
  return { run, passed: steps.every(({ failed }) => failed === undefined), steps, leftBehind };
}

type Stepping = <Result>(what: string, act: () => Promise<Result>) => Promise<Result>;

async function proof(
  graph: SmokeGraph,
  name: string,
  userId: string,
  patience: Patience,
  step: Stepping,
): Promise<void> {
  const { id: groupId } = await step('make a group', () => createGroup(graph, name));
  const made = await step('make a catalog with a package and its policy', () =>
    makePackage(graph, name, groupId, patience),
  );
  const gift = { ...made, name, userId, groupId };
  await step('ask for the package and wait for its delivery', () => give(graph, gift, patience));
  const assignmentId = await step('find the assignment', () => assignmentOf(graph, gift, patience));
  await step('find the person in the group', () => membership(graph, gift, true, patience));
  await step('take the package back', () => take(graph, gift, assignmentId, patience));
  await step('find the person out of the group', () => membership(graph, gift, false, patience));
}
