import { requestReconciliation } from '../../shared/reconcile/request';
import { readReport } from '../../shared/reconcile/report';
import type { ReconcileOptions } from '../../shared/domain/workflow/activities';
import { createStaging } from '../../shared/storage/staging';
import { openTable } from '../../shared/storage/table';
import { workerId } from './model';
import { eventually } from '../support/eventually';
import { readTable, type Row } from '../support/tables';
import type { TestStack } from '../support/test-stack';

type State = {
  accessPackages: { id: string; displayName: string }[];
  policies: { id: string; packageId: string }[];
  requests: {
    id: string;
    state: string;
    packageId: string;
    targetId: string;
    justification: string | null;
    assignmentId?: string;
  }[];
  assignments: {
    id: string;
    packageId: string;
    targetId: string;
    state: string;
    schedule?: { expiration?: { endDateTime?: string | null } };
  }[];
};

/** The justification of what is done by hand. */
export const BY_HAND = 'by hand';

/** The account of a generated worker. */
export const objectId = (n: number): string =>
  `20000000-0000-4000-8000-${workerId(n).slice(2).padStart(12, '0')}`;

/** Dialects spell it differently. */
const isExpired = ({ state }: { state: string }): boolean => /^expired$/i.test(state);

/** Runs of the reconciliation in a stack, each of `seconds` at most, and differences planted as others would cause them. */
export function reconciliationOf(stack: TestStack, seconds = 60) {
  const staging = createStaging(openTable(stack.storage, 'staging'));
  const claims = (): Promise<Row[]> => readTable(stack.storage, 'claims', "RowKey eq 'claim'");
  const control = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(`${stack.graphUrl}/_control/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as Answer;
  };
  const state = () => control<State>('GET', 'state');
  const packageId = async (key: string): Promise<string> =>
    (await state()).accessPackages.find(({ displayName }) => displayName === `Package ${key}`)
      ?.id ?? '';
  const assignmentsOf = async (n: number, key: string) => {
    const [{ assignments }, id] = [await state(), await packageId(key)];
    return assignments.filter(
      (one) => one.packageId === id && one.targetId === objectId(n) && !isExpired(one),
    );
  };
  const assignmentOf = async (n: number, key: string) => {
    const [found] = await assignmentsOf(n, key);
    if (!found) throw new Error(`${workerId(n)} does not hold ${key}`);
    return found;
  };
  /** Starts a run and answers its report when it has ended. */
  const run = async (options: ReconcileOptions = {}) => {
    const asked = await requestReconciliation(
      staging,
      async (body) => stack.send([Buffer.from(body)]),
      { by: 'a-person', reason: 'a-test', ...options },
      stack.now(),
    );
    const ofRun = `PartitionKey eq '${asked.eventHash}' and RowKey eq 'claim'`;
    const claim = await eventually(
      'the run has ended',
      async () => {
        const [one] = await readTable(stack.storage, 'claims', ofRun);
        return one?.['state'] === 'closed' && one;
      },
      { seconds },
    );
    const report = await readReport(staging, asked.eventHash);
    const named = report?.findings.map(
      ({ kind, workerId: worker, objectId: object, packageKey, remedy }) =>
        [kind, worker ?? object, packageKey, remedy].filter(Boolean).join(' '),
    );
    return { claim, report, named: named?.sort() };
  };
  return {
    ...{ staging, claims, control, state, packageId, assignmentsOf, assignmentOf },
    /** Gives a person a package by hand. */
    give: (n: number, key: string, more: object = {}) =>
      control<{ id: string }>('POST', 'assignments', {
        ...{ packageName: `Package ${key}`, userId: objectId(n), justification: BY_HAND, ...more },
      }),
    /** Takes away by hand what a person holds. */
    take: async (n: number, key: string): Promise<void> => {
      const held = (await assignmentOf(n, key)).id;
      const { id } = await control<{ id: string }>('POST', 'requests', {
        ...{ packageName: `Package ${key}`, userId: objectId(n), requestType: 'adminRemove' },
        justification: BY_HAND,
      });
      for (let step = ''; !/^delivered$/i.test(step);)
        step = (await control<{ state: string }>('POST', `requests/${id}/advance`)).state;
      // It ends a moment after its removal was delivered.
      await eventually('it is taken', async () => {
        const { assignments } = await state();
        return assignments.some((one) => one.id === held && isExpired(one));
      });
    },
    run,
    /** The same, when every recheck that it asked for has ended, too. */
    reconcile: async (options: ReconcileOptions = {}) => {
      const done = await run(options);
      await eventually(
        'its rechecks have ended',
        async () =>
          (await stack.isQueueEmpty()) &&
          (await claims()).every((one) => one['state'] === 'closed'),
        { seconds },
      );
      return done;
    },
  };
}
