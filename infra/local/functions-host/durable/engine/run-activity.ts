import type { AppFunction } from '../../app/function-table';
import type { Invoke } from '../../app/invoke';
import type { TypedData } from '../../app/worker-types';
import type { HistoryEvent } from '../protocol/history';
import type { PendingActivity } from '../store/instance';
import { jsonText, taskCompleted, taskFailed } from '../protocol/make-event';

/** Runs one activity and answers with the event that says how it ended. */
export async function runActivity(
  { taskId, name, input }: PendingActivity,
  instanceId: string,
  activity: AppFunction | undefined,
  invoke: Invoke,
): Promise<HistoryEvent> {
  if (!activity) {
    const message = `The function '${name}' is no activity, or is disabled.`;
    return taskFailed(Date.now(), taskId, name, { message, stackTrace: '' });
  }
  const result = await invoke(activity.name, {
    trigger: triggerData(input),
    // The real host repeats the input here, twice; nobody reads it, and each copy is parsed.
    metadata: { instanceId: { string: instanceId } },
  });
  if (!result.ok) return taskFailed(Date.now(), taskId, name, result.error);
  return taskCompleted(Date.now(), taskId, resultText(result.response.returnValue));
}

/** The SDK has written a string as JSON once more, so a string value is JSON text already. Nothing stays nothing. */
function triggerData(input: string): TypedData {
  if (input === 'null') return {};
  const value: unknown = input.startsWith('"') ? JSON.parse(input) : input;
  return { string: String(value) };
}

function resultText(data: TypedData | null | undefined): string {
  if (data?.json !== undefined) return data.json;
  if (data?.bytes) return jsonText(Buffer.from(data.bytes).toString('base64'));
  return jsonText(data?.string ?? data?.int ?? data?.double);
}
