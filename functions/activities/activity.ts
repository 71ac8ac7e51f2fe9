import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { Activity, Answer } from '../../orchestrations/calls';
import { StaleRun } from '../../shared/audit/ledger';
import { StoreUnavailable } from '../../shared/domain/table';
import { logTo } from '../../shared/log';

/**
 * Registers one activity by its contract. A store that cannot answer now and a run that is stale are outcomes; any other
 * exception is a defect, which leaves here without its text, because exceptions are kept in the durable history.
 */
export function registerActivity<Input, Done extends object>(
  { name, input }: Activity<Input, Done>,
  act: (input: Input) => Promise<Answer<Done>>,
): void {
  df.app.activity(name, {
    handler: async (raw: unknown, context: InvocationContext): Promise<Answer<Done>> => {
      const log = logTo((line) => context.error(line));
      const acted = async () => act(input.parse(raw));
      const answer = await acted().catch((error: unknown) => {
        const known = outcomeOf(error);
        if (!known) log({ what: 'defect', activity: name, ...traceOf(error) });
        return known;
      });
      if (!answer) throw new Error(`${name}: defect`);
      return answer;
    },
  });
}

function outcomeOf(error: unknown): Answer<never> | undefined {
  if (error instanceof StaleRun) return { outcome: { kind: 'rejected', reason: 'stale' } };
  if (error instanceof StoreUnavailable) {
    return { outcome: { kind: 'later', afterSeconds: 5, why: 'store-unavailable' } };
  }
  return undefined;
}

/** Where it happened, without the message: that may quote what it was given. */
function traceOf(error: unknown): { kind: string; trace: string } {
  if (!(error instanceof Error)) return { kind: typeof error, trace: '' };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const nearest = frames.slice(0, 5).map((frame) => frame.trim());
  return { kind: error.name, trace: nearest.join(' < ') };
}
