import { setTimeout as wait } from 'node:timers/promises';
import { claimAttempt } from '../../../shared/events/accept';
import { accessChange } from '../../../orchestrations/access-change';
import { activities as contracts } from '../../../shared/domain/workflow/activities';
import type { ReplayMarks } from '../../../shared/domain/events/event';
import { instanceId } from '../../../shared/domain/events/keys';
import { readEvent } from '../../../shared/domain/events/read-event';
import type { TestMessage } from '../../support/events';
import { runOrchestration } from '../../histories/run-orchestration';
import type { Process } from './process';

type AnyActivity = (typeof contracts)[keyof typeof contracts];
export type Called = { activity: AnyActivity; input: never };

const WAITED_FOR = ['acquireLock', 'pollRequests', 'settleStep'];
/** The simulator lives in real time: so long is given to it where the virtual clock jumps. */
const REAL_PAUSE_MS = 20;

/** Claims an event, or its next attempt by a replay, as the intake does. Answers the attempt. */
export async function claim({ parts }: Process, { body }: TestMessage, marks?: ReplayMarks) {
  const read = readEvent(body, { sources: ['urn:hr:acme:workday'] });
  if (read.kind !== 'accepted') throw new Error('the event keeps the contract');
  const delivery = { now: new Date().toISOString(), owner: 'a-test' };
  const claimed = await claimAttempt(parts, read, marks, delivery);
  if (claimed === 'id-reused' || claimed.attempt === undefined) throw new Error('not claimed');
  return claimed.attempt;
}

export type RunToTell = {
  eventHash: string;
  attempt?: number;
  token: string;
  /** Called for the first process, and for another whenever one has died. */
  start: () => Process;
  /** Carries out one activity; as the process has it unless given. */
  perform?: (process: Process, called: Called) => Promise<unknown>;
  pauseMs?: number;
};

export const asItIs = ({ host }: Process, { activity, input }: Called): Promise<unknown> =>
  host.call(activity as never, input);

/**
 * Plays the orchestration on a virtual clock over real activities, real tables and the simulator. An activity whose
 * process dies is executed again by the next, as the task hub has it. Answers the calls that were made.
 */
export async function tellRun(told: RunToTell): Promise<Called[]> {
  const { eventHash, attempt = 1, token, start, perform = asItIs } = told;
  const { pauseMs = REAL_PAUSE_MS } = told;
  let process = start();
  const made: Called[] = [];
  const untilDone = async (called: Called): Promise<unknown> => {
    if (WAITED_FOR.includes(called.activity.name)) await wait(pauseMs);
    for (;;) {
      const answer = await Promise.race([perform(process, called), process.died]);
      if (answer !== 'died') return answer;
      process = start();
    }
  };
  const activities = Object.values(contracts).map((activity) => [
    activity.name,
    (input: never): Promise<unknown> => {
      made.push({ activity, input });
      return untilDone({ activity, input });
    },
  ]);
  await runOrchestration({
    orchestrators: { accessChange },
    start: 'accessChange',
    instanceId: instanceId(eventHash, attempt),
    input: { eventHash, attempt, token },
    activities: Object.fromEntries(activities) as Record<string, (input: never) => unknown>,
  });
  return made;
}
