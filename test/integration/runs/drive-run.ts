import { setTimeout as wait } from 'node:timers/promises';
import { claimAttempt } from '../../../shared/events/accept';
import { accessChange } from '../../../orchestrations/access-change';
import { reconcile } from '../../../orchestrations/reconcile';
import { activities, reconcileActivities } from '../../../shared/domain/workflow/activities';
import type { ReplayMarks } from '../../../shared/domain/events/event';
import { instanceId } from '../../../shared/domain/events/keys';
import { readEvent } from '../../../shared/domain/events/read-event';
import type { TestMessage } from '../../support/events';
import { runOrchestration } from '../../histories/virtual-host';
import type { Process } from './process';

const orchestrators = { accessChange, reconcile };
const contracts = { accessChange: activities, reconcile: reconcileActivities };

type AnyActivity =
  | (typeof activities)[keyof typeof activities]
  | (typeof reconcileActivities)[keyof typeof reconcileActivities];
export type ActivityCall = { activity: AnyActivity; input: never };

const WAITED_FOR = ['planAccess', 'pollRequests', 'settleStep'];
/** The simulator runs in real time, so each jump of the virtual clock waits this long, in milliseconds. */
const REAL_PAUSE_MS = 20;

/** Claims an event, or its next attempt by a replay, as the intake does. Answers the attempt. */
export async function claim({ services }: Process, { body }: TestMessage, marks?: ReplayMarks) {
  const read = readEvent(body, { sources: ['urn:hr:acme:workday'] });
  if (read.kind !== 'accepted') throw new Error('the event breaks the contract');
  const delivery = { now: new Date().toISOString(), owner: 'a-test' };
  const claimed = await claimAttempt(services, read, marks, delivery);
  if (claimed === 'id-reused' || claimed.attempt === undefined) throw new Error('not claimed');
  return claimed.attempt;
}

export type RunOptions = {
  eventHash: string;
  attempt?: number;
  token: string;
  /** `accessChange` unless given. */
  orchestration?: keyof typeof orchestrators;
  /** The virtual clock begins then; now unless given, because activities go by the clock of the machine. */
  startAt?: Date;
  /** Starts a process: the first one, and another after each crash. */
  start: () => Process;
  /** Executes one activity; `callActivity` unless given. */
  perform?: (process: Process, call: ActivityCall) => Promise<unknown>;
  pauseMs?: number;
};

export const callActivity = (
  { host }: Process,
  { activity, input }: ActivityCall,
): Promise<unknown> => host.call(activity as never, input);

/**
 * Drives the orchestration on a virtual clock over real activities, real tables and the simulator. An activity whose
 * process dies is executed again by the next one, as from the task hub. Answers the calls that were made.
 */
export async function driveRun(options: RunOptions): Promise<ActivityCall[]> {
  const { eventHash, attempt = 1, token, start, perform = callActivity } = options;
  const { pauseMs = REAL_PAUSE_MS, orchestration = 'accessChange', startAt = new Date() } = options;
  let process = start();
  const calls: ActivityCall[] = [];
  const untilDone = async (call: ActivityCall): Promise<unknown> => {
    if (WAITED_FOR.includes(call.activity.name)) await wait(pauseMs);
    for (;;) {
      const answer = await Promise.race([perform(process, call), process.died]);
      if (answer !== 'died') return answer;
      process = start();
    }
  };
  const own = Object.values<AnyActivity>(contracts[orchestration]);
  const called = own.map((activity) => [
    activity.name,
    (input: never): Promise<unknown> => {
      calls.push({ activity, input });
      return untilDone({ activity, input });
    },
  ]);
  await runOrchestration({
    orchestrators,
    start: orchestration,
    instanceId: instanceId(eventHash, attempt),
    startAt,
    input: { eventHash, attempt, token },
    activities: Object.fromEntries(called) as Record<string, (input: never) => unknown>,
  });
  return calls;
}
