import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf } from '../support/events';
import { eventually } from '../support/eventually';
import { graphCalls, injectGraphFaults } from '../support/simulator';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const sent: ReturnType<typeof messageOf>[] = [];
async function send(...workerIds: string[]): Promise<void> {
  const events = workerIds.map((workerId) => joinerEvent(workerId));
  sent.push(...events.map(messageOf));
  await stack.send(events);
}

const allDelivered = () =>
  eventually('every event is closed', async () => {
    const closed = await readTable(stack.storage, 'claims', `state eq 'closed'`);
    if (closed.length < sent.length) return undefined;
    return closed.every(({ outcome }) => outcome === 'delivered');
  });

/** The codes of refused operations, once `ready` has any. */
const refusedNow = () =>
  eventually('readiness says so', async () => {
    const answer = await fetch(`${stack.hostUrl}/api/health/ready`);
    const { dependencies } = (await answer.json()) as { dependencies: Record<string, string> };
    const { permissions = '' } = dependencies;
    return permissions === 'ok' ? undefined : { status: answer.status, permissions };
  });

/** The number of refused calls of one kind. */
async function refusedCalls(status: number): Promise<number> {
  const calls = (await graphCalls(stack.graphUrl)).filter(({ fault }) => fault !== undefined);
  return calls.filter((call) => (call.fault as { status?: number }).status === status).length;
}

const lines = (what: string) => stack.log.filter((line) => line.includes(`"what":"${what}"`));

test('Graph answers 403 for eight seconds: readiness and the log say so, every event waits, and one probe at a time asks', async () => {
  await send('W-1101');
  await allDelivered();

  const answer = { status: 403, code: 'Authorization_RequestDenied' };
  await injectGraphFaults(stack.graphUrl, [{ forMs: 8_000, answer }]);
  await send(...Array.from({ length: 12 }, (_, n) => `W-${1110 + n}`));
  expect(await refusedNow()).toEqual({
    ...{ status: 503, permissions: expect.stringContaining('permission-lost:') as string },
  });
  await allDelivered();

  expect(lines('permission-lost').length).toBeGreaterThan(0);
  expect(lines('permission-lost')[0]).toContain('"errorCode":"Authorization_RequestDenied"');
  expect(lines('permission-restored').length).toBeGreaterThan(0);
  // What was under way when the first refusal came is refused too, however late; after that, one probe in two seconds.
  expect(await refusedCalls(403)).toBeLessThanOrEqual(12 + 8 / 2);
}, 120_000);

test('Graph answers 401 to new requests alone, with good tokens: the events wait for that operation and are delivered', async () => {
  const match = { method: 'POST', path: 'assignmentRequests$' };
  const answer = { status: 401, code: 'InvalidAuthenticationToken' };
  await injectGraphFaults(stack.graphUrl, [{ match, forMs: 5_000, answer }]);
  await send(...Array.from({ length: 6 }, (_, n) => `W-${1130 + n}`));
  const { permissions } = await refusedNow();
  expect(permissions).toBe('permission-lost:submitAssignmentRequest:departments');
  await allDelivered();
  expect(await refusedCalls(401)).toBeLessThanOrEqual(6 + Math.floor(5 / 2));

  expect(violations(await collectEvidence(stack), { sent })).toEqual([]);
}, 120_000);
