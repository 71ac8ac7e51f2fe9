import { reconcile } from '../../orchestrations/reconcile';
import { allShards } from '../../shared/storage/staging';
import { runOrchestration } from './virtual-host';
import { timeouts } from './scenarios';

const EXECUTIONS_OF_A_LIST = 13;
const PACKAGES = 3;
const BATCHES_OF_PEOPLE = 100;

/** The answers of the activities for 50,000 people, of whom 25,000 hold each package; with a retry now and then. */
function activities(eventHash: string) {
  const left = new Map<string, number>();
  /** Whether the `most`th execution under a key has come. */
  const isLast = (key: string, most: number): boolean => {
    left.set(key, (left.get(key) ?? 0) + 1);
    return (left.get(key) ?? 0) >= most;
  };
  const run = {
    ...{ eventHash, attempt: 1, instanceId: `${eventHash}-1`, token: 'token', id: 'now' },
    fact: {
      ...{ eventId: 'reconcile@now', eventSource: 'urn:joinery:reconcile', bodyHash: eventHash },
      ...{ eventType: 'joinery.reconcile.v1', occurredAt: '', receivedAt: '' },
    },
    ...{ generation: 1, at: '2026-01-01T00:00:00.000Z', options: {} },
  };
  const done = <Answer extends object>(answer: Answer) => ({
    outcome: { kind: 'done', ...answer },
  });
  let calls = 0;
  const later = () => {
    calls += 1;
    return calls % 10 === 0
      ? { outcome: { kind: 'later', why: 'graph-unavailable', afterSeconds: 5 } }
      : undefined;
  };
  return {
    beginReconciliation: () => done({ run, timeouts }),
    prepareStaging: () => later() ?? done({ isReady: isLast('prepare', 20) }),
    readScope: ({ scope }: { scope: number }) =>
      later() ?? done({ isOver: isLast(`scope ${scope}`, EXECUTIONS_OF_A_LIST) }),
    readRoster: () => later() ?? done({}),
    readExpected: () =>
      later() ??
      done({
        scopes: 4 + PACKAGES,
        ...(!isLast('people', BATCHES_OF_PEOPLE) && { next: 'W-1' }),
      }),
    readOpenRuns: () => done({ open: 0 }),
    compareShards: ({ from = allShards[0] }: { from?: string }) => {
      const next = allShards[allShards.indexOf(from ?? '') + 1];
      return later() ?? done({ ...(next !== undefined && { next }) });
    },
    applyBrakes: () => done({ tripped: 0 }),
    sendRechecks: () => done({}),
    closeReconciliation: () => done({}),
  };
}

test('however many people and lists there are, no generation of a run has 500 events', async () => {
  const eventHash = 'a'.repeat(64);
  const { status, error, calls, generations, largestHistory } = await runOrchestration({
    orchestrators: { reconcile },
    start: 'reconcile',
    instanceId: `${eventHash}-1`,
    input: { eventHash, attempt: 1, token: 'token' },
    activities: activities(eventHash),
    maxTurns: 100_000,
  });
  expect([status, error]).toEqual(['Completed', undefined]);
  expect(calls.length).toBeGreaterThan((4 + PACKAGES) * EXECUTIONS_OF_A_LIST);
  expect(generations).toBeGreaterThan(3);
  expect(largestHistory).toBeLessThan(500);
});
