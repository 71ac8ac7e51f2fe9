import tenantFile from '../../../infra/local/graph/tenant.json';
import { collectEvidence, readGraph } from '../../resilience/invariants/evidence';
import { text } from '../../resilience/invariants/rows';
import { violations } from '../../resilience/invariants/violations';
import { lifecycleEvent, messageOf, type TestMessage } from '../../support/events';
import { eventually } from '../../support/eventually';
import { readTable, type Row } from '../../support/tables';
import { startStack, type TestStack, type TestStackOptions } from '../../support/test-stack';

export const finance = { department: 'Finance', workerType: 'employee' };
export const sales = { department: 'Sales', workerType: 'employee' };
export const contractor = { department: 'Marketing', workerType: 'contractor' };
// Not employees of their departments, so the rules give one package of the incompatible pair each.
export const approver = { department: 'Finance', jobCode: 'FIN-PA-1', workerType: 'secondee' };
export const clerk = { department: 'Operations', jobCode: 'OPS-VM-1', workerType: 'secondee' };

type Attributes = Record<string, string>;
type Data = Record<string, unknown>;
export type Event = { id: string; source: string; type: string; data: Data };

/** What HR says of one worker, in the order of the calls: each event is a minute later than the one before. */
export type Worker = {
  id: string;
  joined: (startDate: string, attributes: Attributes, more?: Data) => Event;
  moved: (effectiveDate: string, attributes: Attributes, more?: Data) => Event;
  left: (end: { lastDay: string } | { endsAt: string }, more?: Data) => Event;
  rescinded: (revised: { source: string; id: string }) => Event;
  corrected: (revised: { source: string; id: string }, data: Data) => Event;
};

export type Life = Awaited<ReturnType<typeof startLife>>;

/** The justification of whatever a test does in Graph as an administrator. */
export const ADMINISTRATOR = 'by an administrator';
const EM = '/v1.0/identityGovernance/entitlementManagement';

/** A Friday. */
const NOW = new Date('2026-11-27T12:00:00Z');

/** A stack, what HR has said, and what people have. Every test file ends in `faults`. */
export async function startLife({ files, env, ...options }: TestStackOptions = {}) {
  // Nobody holds anything in the beginning.
  const stack: TestStack = await startStack({
    ...{ now: NOW, ...options },
    env: { REMOVAL_SETTLE: '0s', ...env },
    files: { GRAPH_TENANT: { ...tenantFile, holdings: [] }, ...files },
  });
  const sent: TestMessage[] = [];
  let minutes = 0;

  const event = (type: string, workerId: string, data: Data): Event => {
    minutes += 1;
    const time = new Date(Date.parse('2026-11-01T09:00:00Z') + minutes * 60_000).toISOString();
    return lifecycleEvent(type, workerId, data, { id: `${workerId}-${minutes}`, time });
  };

  const worker = (id: string): Worker => ({
    id,
    joined: (startDate, attributes, more) =>
      event('joined', id, { startDate, attributes, ...more }),
    moved: (effectiveDate, attributes, more) =>
      event('moved', id, { effectiveDate, attributes, ...more }),
    left: (end, more) => event('left', id, { ...end, ...more }),
    rescinded: ({ source, id: revised }) =>
      event('rescinded', id, { revises: { source, id: revised } }),
    corrected: ({ source, id: revised }, data) =>
      event('corrected', id, { revises: { source, id: revised }, ...data }),
  });

  /** Sends events at once, without waiting. */
  const say = async (...events: Event[]): Promise<void> => {
    sent.push(...events.map(messageOf));
    await stack.send(events);
  };

  const claim = async (one: Event): Promise<Row | undefined> => {
    const filter = `PartitionKey eq '${messageOf(one).eventHash}' and RowKey eq 'claim'`;
    return (await readTable(stack.storage, 'claims', filter))[0];
  };
  const claimWhen = (one: Event, what: string, isSo: (state: string) => boolean): Promise<Row> =>
    eventually(`the event ${one.id} is ${what}`, async () => {
      const found = await claim(one);
      return isSo(text(found, 'state')) ? found : undefined;
    });

  const closed = (one: Event): Promise<Row> =>
    claimWhen(one, 'closed', (state) => state === 'closed');

  /** Sends events and waits until their facts are stored; their runs may only have begun. */
  const state = async (...events: Event[]): Promise<void> => {
    await say(...events);
    for (const one of events)
      await claimWhen(one, 'started', (state) => state !== '' && state !== 'claimed');
  };

  /** Sends an event and waits for its end: `outcome`, or `outcome: reason`. */
  const ending = async (one: Event): Promise<string> => {
    await say(one);
    const end = await closed(one);
    return ['outcome', 'reason']
      .map((column) => text(end, column))
      .filter(Boolean)
      .join(': ');
  };

  /** The settled rows of an event about requests, in short: `revoke finance: revoked`. */
  const rows = async (one: Event): Promise<string[]> => {
    const { eventHash } = messageOf(one);
    const all = await readTable(stack.storage, 'audit', `PartitionKey eq '${eventHash}'`);
    return all
      .filter(
        ({ kind, step, outcome }) =>
          kind === 'settled' && step !== 'ensure' && outcome !== 'waited',
      )
      .map((row) => `${text(row, 'action')} ${text(row, 'packageKey')}: ${text(row, 'outcome')}`)
      .sort();
  };

  const tenant = async () => (await readGraph(stack.graphUrl)).graph;

  const graph = async (path: string): Promise<{ id: string }[]> => {
    const answer = await fetch(stack.graphUrl + path);
    return ((await answer.json()) as { value: { id: string }[] }).value;
  };
  const assignmentsOf = (userId: string): string =>
    `${EM}/assignments?$filter=target/objectId eq '${userId}'`;
  /** Waits until so many reads in a row show it that no replica can be behind. */
  const everyReplica = (path: string, isShown: (read: { id: string }[]) => boolean) =>
    eventually(`every replica shows ${path}`, async () => {
      const reads = await Promise.all(Array.from({ length: 8 }, () => graph(path)));
      return reads.every(isShown);
    });
  const accountOf = async (workerId: string): Promise<string> =>
    (await graph(`/v1.0/users?$filter=employeeId eq '${workerId}'&$select=id`))[0]?.id ?? '';

  const assignments = async (targetId: string) => {
    const { assignments: all, accessPackages } = await tenant();
    const names = new Map(accessPackages.map(({ id, displayName }) => [id, displayName]));
    return all
      .filter((one) => one.targetId === targetId && one.state !== 'expired')
      .map((one) => ({ ...one, packageName: names.get(one.packageId) ?? '' }));
  };

  /** The names of the packages that an account has. */
  const has = async (targetId: string): Promise<string[]> =>
    (await assignments(targetId)).map(({ packageName }) => packageName).sort();

  /** Does something in Graph as an administrator would; answers when its request is carried out. */
  const administrator = async (body: object): Promise<void> => {
    const answer = await fetch(`${stack.graphUrl}${EM}/assignmentRequests`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...body, justification: ADMINISTRATOR }),
    });
    const { id, state: first } = (await answer.json()) as { id?: string; state?: string };
    if (!answer.ok || id === undefined) throw new Error(`refused: ${answer.status}`);
    await eventually('the request of the administrator is carried out', async () => {
      const found = (await tenant()).requests.find((one) => one.id === id);
      return (found?.state ?? first) === 'delivered';
    });
  };

  const control = async (method: string, path: string, body: object): Promise<{ id?: string }> => {
    const answer = await fetch(`${stack.graphUrl}/_control/${path}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      ...(method !== 'DELETE' && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as { id?: string };
  };

  /** Gives an account a package as an administrator would, and waits until every replica shows it. */
  const give = async (userId: string, packageName: string): Promise<void> => {
    const given = { packageName, userId, justification: ADMINISTRATOR };
    const { id } = await control('POST', 'assignments', given);
    await everyReplica(assignmentsOf(userId), (read) => read.some((one) => one.id === id));
  };

  /** Decides on a request as its approver would, and waits until every replica shows that it is delivered. */
  const approve = async (requestId = ''): Promise<void> => {
    await control('POST', `requests/${requestId}/decide`, { decision: 'approve' });
    const requests = `${EM}/assignmentRequests?$filter=state eq 'delivered'`;
    await everyReplica(requests, (read) => read.some(({ id }) => id === requestId));
  };

  return {
    ...{
      stack,
      event,
      worker,
      say,
      state,
      claim,
      closed,
      ending,
      rows,
      tenant,
      accountOf,
      assignments,
      has,
    },
    ...{ administrator, control, give, approve, everyReplica },
    faults: async (): Promise<string[]> =>
      violations(await collectEvidence(stack), { sent, others: [ADMINISTRATOR] }),
    stop: () => stack.stop(),
  };
}
