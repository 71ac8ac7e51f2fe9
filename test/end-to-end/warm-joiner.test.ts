import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { startProxiedStack, type ProxiedStack } from '../resilience/proxies/proxied-stack';
import { nameOf } from '../resilience/sweep/crash-points';
import { joinerMessage, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { readTable } from '../support/tables';

/* What one joiner costs whose package was ensured before: decision 15 says how the figures come about. */

const MOST_ACTIVITIES = 6;
const MOST_TABLE_REQUESTS = 18;

let stack: ProxiedStack;
beforeAll(async () => {
  // Delivered before the one poll; nothing else calls the tables meanwhile.
  const env = { GRAPH_DELIVERY_MS: '0', GRAPH_LAG_MS: '0', SUPERVISE_SCHEDULE: '0 0 3 29 2 *' };
  stack = await startProxiedStack({ env });
});
afterAll(() => stack.stop());

/** Without an end, so that nothing is to be done for them later. */
const sent = ['W-1100', 'W-1101', 'W-1102'].map((workerId) =>
  joinerMessage(workerId, { department: 'Finance', workerType: 'employee' }),
);

/** Sends the event and waits until nothing of it is left to do. Answers its hash. */
async function untilEnded({ body, eventHash }: TestMessage): Promise<string> {
  await stack.send([body]);
  await eventually('the event is closed, nothing is due and no lock is held', async () => {
    const [claim] = await readTable(stack.storage, 'claims', `PartitionKey eq '${eventHash}'`);
    const due = await readTable(stack.storage, 'due');
    const locks = await readTable(stack.storage, 'workers', `RowKey eq 'lock'`);
    const isHeld = locks.some(({ holder }) => holder !== undefined);
    return claim?.['state'] === 'closed' && due.length === 0 && !isHeld;
  });
  return eventHash;
}

async function activitiesOf(eventHash: string): Promise<string[]> {
  const url = `${stack.hostUrl}/runtime/webhooks/durabletask/instances/${eventHash}-1?showHistory=true`;
  const { historyEvents } = (await (await fetch(url)).json()) as {
    historyEvents: { EventType: string; FunctionName?: string; Name?: string }[];
  };
  return historyEvents.flatMap(({ EventType: type, FunctionName: of, Name: name }) =>
    type.startsWith('Task') ? [of ?? name ?? '?'] : [],
  );
}

/** What a process reads for all its runs, at most every five seconds, is no cost of one joiner. */
const isOfProcess = (name: string): boolean => name.includes('/limits');

/** The requests to tables since the tap was set, by their names. */
function tableRequests(): string[] {
  const own = stack.tap.calls().filter(({ to }) => to === 'tables');
  return own.map(nameOf).filter((name) => !isOfProcess(name));
}

test(`a joiner whose package is complete takes ${MOST_ACTIVITIES} activities and at most ${MOST_TABLE_REQUESTS} table requests`, async () => {
  const [first, second, third] = sent;
  if (!first || !second || !third) throw new Error('there are three joiners');
  await untilEnded(first);
  await untilEnded(second);
  stack.tap.intercept();
  const eventHash = await untilEnded(third);
  const requests = tableRequests();
  const shown = requests.map((name, n) => `${n + 1} ${name.replace('/devstoreaccount1', '')}`);
  const activities = await activitiesOf(eventHash);
  console.log([...activities, ...shown].join('\n'));
  expect(activities.length).toBeLessThanOrEqual(MOST_ACTIVITIES);
  expect(requests.length).toBeLessThanOrEqual(MOST_TABLE_REQUESTS);

  const evidence = await collectEvidence(stack);
  expect(violations(evidence, { sent })).toEqual([]);
});
