import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { moveStackClock } from '../../../cli/clock';
import { readOffset } from '../clock/clock-files';
import type { AuditLine, Records } from './assertion';
import type { LifeStep } from './life';

const deadlineMs = 60_000;
const pollEveryMs = 300;

/** How one step of a life went. `at`: the time of the stack when it was as expected, or was given up. */
export type LifeResult = {
  at: string;
  worker: string;
  description: string;
  expected: string;
  outcome: string;
  holds: string[];
  actAt?: string | undefined;
  readyBy?: string | undefined;
  marginMinutes?: number | undefined;
  asExpected: boolean;
  /** What is not as expected, in words. */
  faults: string[];
};

type LifeOptions = {
  steps: LifeStep[];
  dataDir: string;
  graphUrl: string;
  send: (messages: readonly Buffer[]) => Promise<void>;
  read: () => Promise<Records>;
  /** Called once for each step. */
  onEnd: (result: LifeResult) => void;
};

/**
 * Moves the clock of the stack to each time at which something happens, sends what HR says then, and waits until records and
 * Graph are as expected. Stops at the first time at which they are not: what follows rests on it.
 */
export async function runLife(options: LifeOptions): Promise<LifeResult[]> {
  const { steps, dataDir, graphUrl, send, read, onEnd } = options;
  const results: LifeResult[] = [];
  for (const at of new Set(steps.map((step) => step.at))) {
    const now = steps.filter((step) => step.at === at);
    await moveStackClock(dataDir, new Date(at));
    const messages = now.flatMap(({ message }) => message ?? []);
    if (messages.length > 0)
      await send(messages.map((message) => Buffer.from(JSON.stringify(message))));
    const open = new Set(now);
    const deadline = Date.now() + deadlineMs;
    while (open.size > 0) {
      const isLate = Date.now() > deadline;
      const records = await read();
      for (const step of open) {
        const result = {
          at: new Date(Date.now() + (readOffset(dataDir, 'host') ?? 0)).toISOString(),
          ...assertStep(step, records, await holdingsOf(graphUrl, step.worker)),
        };
        if (!result.asExpected && !isLate) continue;
        open.delete(step);
        results.push(result);
        onEnd(result);
      }
      if (open.size > 0) await wait(pollEveryMs);
    }
    if (results.some(({ asExpected }) => !asExpected)) return results;
  }
  return results;
}

/**
 * Compares one step with the records and with what the person has: an event that has ended has one closing row, with the
 * outcome of its claim, and access came before it should be there; one that waits has a row that says for what.
 */
export function assertStep(
  step: LifeStep,
  { audit, claims }: Pick<Records, 'audit' | 'claims'>,
  holds: string[],
): Omit<LifeResult, 'at'> {
  const { worker, description, eventHash, expected } = step;
  const rows = audit.filter(({ partitionKey }) => partitionKey === eventHash);
  const claim = claims.get(eventHash);
  const isClosed = claim?.state === 'closed';
  const closings = rows.filter(({ kind }) => kind === 'closing');
  const waits = rows.filter(({ kind }) => kind === 'waiting');
  const last = isClosed ? closings.at(-1) : waits.at(-1);
  const dates = isClosed ? (rows.findLast(isDatedStep) ?? last) : undefined;
  const until = last?.waitingFor === 'parked' ? ` until ${minuteOf(last.waitingUntil)}` : '';
  const outcome = (isClosed ? claim.outcome : `${last?.waitingFor ?? 'nothing yet'}${until}`) ?? '';
  const faults = [
    differs('outcome', outcome, expected),
    differs('packages', holds.join(', '), step.holds.join(', ')),
    differs('act at', minuteOf(dates?.actAt), step.actAt),
    differs('ready by', minuteOf(dates?.readyBy), step.readyBy),
    differs('closing rows', `${closings.length}`, isClosed ? '1' : '0'),
    ...closings.map((row) => differs('outcome of the closing row', row.outcome, claim?.outcome)),
    ...((last?.marginMinutes ?? 0) < 0 ? ['access came too late'] : []),
  ].filter((fault) => fault !== undefined);
  return {
    ...{ worker, description, expected, outcome, holds },
    ...{ actAt: dates?.actAt, readyBy: dates?.readyBy, marginMinutes: last?.marginMinutes },
    ...{ asExpected: faults.length === 0, faults },
  };
}

/** The rows of an event as a whole say when what it states begins; those of a step when it was due. */
const isDatedStep = ({ kind, step, actAt }: AuditLine): boolean =>
  kind === 'settled' && step !== 'plan' && actAt !== undefined;

const differs = (what: string, found = '', expected = ''): string | undefined =>
  found === expected ? undefined : `${what}: ${found || 'none'}, expected ${expected || 'none'}`;

/** An instant (ISO 8601 in UTC) as the demo prints it. */
export const minuteOf = (instant = ''): string => instant.slice(0, 16).replace('T', ' ');

const People = z.object({ value: z.array(z.object({ id: z.string() })) });
const Assignments = z.object({
  value: z.array(
    z.object({
      state: z.string(),
      accessPackage: z.object({ displayName: z.string() }),
      schedule: z
        .object({ expiration: z.object({ endDateTime: z.string().nullish() }).nullish() })
        .nullish(),
    }),
  ),
});

/** The names of the packages that the person has in Graph, with the end where there is one. */
async function holdingsOf(graphUrl: string, worker: string): Promise<string[]> {
  const get = async (path: string): Promise<unknown> => (await fetch(graphUrl + path)).json();
  const person = `/v1.0/users?$filter=employeeId eq '${worker}'&$select=id`;
  const { value: people } = People.parse(await get(person));
  const assignments =
    '/v1.0/identityGovernance/entitlementManagement/assignments' +
    `?$filter=target/objectId eq '${people[0]?.id}'&$expand=accessPackage`;
  const { value } = Assignments.parse(await get(assignments));
  return value
    .filter(({ state }) => state === 'delivered')
    .map(({ accessPackage, schedule }) => {
      const end = schedule?.expiration?.endDateTime;
      return `${accessPackage.displayName}${end ? ` until ${minuteOf(end)}` : ''}`;
    })
    .sort();
}
