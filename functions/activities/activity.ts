import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { Activity, Answer } from '../../shared/domain/workflow/activities';
import { StaleRun } from '../../shared/storage/audit';
import type { Later, Outcome, Rejected } from '../../shared/domain/workflow/outcome';
import { StoreUnavailable } from '../../shared/storage/storage-port';
import { logTo, traceOf, type Log } from '../../shared/log';

/** Runs what comes after a row was written and gives its exception as an outcome, so that the chain's end is answered. */
export type Guard = <Done extends object>(
  act: () => Promise<Outcome<Done>>,
) => Promise<Outcome<Done>>;

/**
 * Registers one activity by its contract. A store that cannot answer now and a run that is stale are outcomes; any other
 * exception is a defect, which leaves here without its text, because exceptions are kept in the durable history.
 */
export function registerActivity<Input, Done extends object>(
  { name, input }: Activity<Input, Done>,
  act: (input: Input, guard: Guard, log: Log) => Promise<Answer<Done>>,
): void {
  df.app.activity(name, {
    handler: async (raw: unknown, context: InvocationContext): Promise<Answer<Done>> => {
      const log = logTo((line) => context.error(line));
      const known = (error: unknown): Later | Rejected | undefined => {
        const outcome = outcomeOf(error);
        if (!outcome) log({ what: 'defect', activity: name, ...traceOf(error) });
        return outcome;
      };
      const guard: Guard = (later) => later().catch((error: unknown) => known(error) ?? DEFECT);
      const told = logTo((line) => context.log(line));
      const acted = async () => act(input.parse(raw), guard, told);
      return acted().catch((error: unknown) => {
        const outcome = known(error);
        if (!outcome) throw new Error(`${name}: defect`);
        return { outcome };
      });
    },
  });
}

const DEFECT: Later = { kind: 'later', afterSeconds: 5, why: 'defect' };

function outcomeOf(error: unknown): Later | Rejected | undefined {
  if (error instanceof StaleRun) return { kind: 'rejected', reason: 'stale' };
  if (error instanceof StoreUnavailable) {
    return { kind: 'later', afterSeconds: 5, why: 'store-unavailable' };
  }
  return undefined;
}
