import { SCHEMA_VERSION } from './actions';
import { DEFAULT_TIMER_LIMITS, type TimerLimits } from '../replayer/perform-action';
import { formatTimeSpan } from '../../time-span';

/**
 * The text that triggers an orchestrator function. `events` are pieces of JSON text, one event or several joined
 * by commas, and `input` is JSON text: nothing that is already text is parsed, or copied more than once.
 */
export function orchestratorPayload(turn: {
  instanceId: string;
  parentInstanceId: string | undefined;
  input: string | null;
  events: readonly string[];
  isReplaying: boolean;
  limits?: TimerLimits;
}): string {
  const limits = turn.limits ?? DEFAULT_TIMER_LIMITS;
  const settings = JSON.stringify({
    instanceId: turn.instanceId,
    isReplaying: turn.isReplaying,
    parentInstanceId: turn.parentInstanceId ?? null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: SCHEMA_VERSION,
    longRunningTimerIntervalDuration: formatTimeSpan(limits.longTimerInterval),
    maximumShortTimerDuration: formatTimeSpan(limits.maximumShortTimer),
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  });
  const head = `{"input":${turn.input ?? 'null'},${settings.slice(1, -1)},"history":[`;
  const [first = '', ...rest] = turn.events;
  const last = rest.pop();
  return last === undefined ? `${head}${first}]}` : [head + first, ...rest, `${last}]}`].join(',');
}
