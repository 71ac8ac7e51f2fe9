import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';
import { eventHash } from '../../shared/domain/events/keys';
import { replayMessage } from '../../shared/domain/events/operator-request';
import { createLedgerReader } from '../../shared/storage/audit';
import { createClaims, type Claims } from '../../shared/storage/claims';
import { openTable } from '../../shared/storage/table';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf, SOURCE, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { runCommand } from '../support/run-command';
import { startStack, type TestStack } from '../support/test-stack';

/** Two people of the sample tenant have the worker id W-1010; this is the second one. */
const SECOND = '20000000-0000-4000-8000-000000901010';

type Model = { birthrights: object[] };
let model: Model;
let stack: TestStack;
let claims: Claims;
const sent: TestMessage[] = [];

beforeAll(async () => {
  const sample = JSON.parse(
    await readFile(join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json'), 'utf8'),
  ) as object;
  model = JSON.parse(await readFile(join(projectRoot(), 'access-model.json'), 'utf8')) as Model;
  stack = await startStack({
    env: { SUPERVISE_SCHEDULE: '* * * * * *', RECOVERY_DELAY: '2s' },
    // Without access that the tenant gives by itself, which no event explains.
    files: { GRAPH_TENANT: { ...sample, holdings: [] }, ACCESS_MODEL: model },
  });
  claims = createClaims(openTable(stack.storage, 'claims'));
}, 60_000);
afterAll(() => stack.stop());

const keyOf = (id: string) => eventHash(SOURCE, id);

async function send(workerId: string, ...ids: string[]): Promise<void> {
  await sendWith({}, workerId, ...ids);
}

async function sendWith(data: object, workerId: string, ...ids: string[]): Promise<void> {
  const messages = ids.map((id) => messageOf(joinerEvent(workerId, { id, data: { ...data } })));
  sent.push(...messages);
  await stack.send(messages.map(({ body }) => body));
}

const closed = (id: string, attempt: number) =>
  eventually(`attempt ${attempt} at ${id} is closed`, async () => {
    const claim = await claims.read(keyOf(id));
    return claim?.state === 'closed' && claim.attempt === attempt ? claim : undefined;
  });

type Events = { events: Record<string, unknown>[] };

async function replay(by: string, ...args: string[]) {
  const settings = { JOINERY_DATA_DIR: stack.dataDir };
  const who = ['--by', by, '--reason', 'INC-4711', '--json'];
  const { code, stdout } = await runCommand(['replay', ...args, ...who], settings);
  return { code, ...(JSON.parse(stdout) as Events) };
}

const rowsOf = async (id: string, wanted: string) => {
  const audit = openTable(stack.storage, 'audit');
  const rows = await createLedgerReader(audit, openTable(stack.storage, 'auditIndex')).ofEvent(
    keyOf(id),
  );
  return rows.filter(({ kind }) => kind === wanted);
};
const closingRows = (id: string) => rowsOf(id, 'closing');

async function joinery(...args: string[]): Promise<unknown> {
  const settings = { JOINERY_DATA_DIR: stack.dataDir };
  return JSON.parse((await runCommand([...args, '--json'], settings)).stdout) as unknown;
}

const waitingRow = (id: string) =>
  eventually(`${id} has a row that says what it waits for`, async () => {
    const rows = await rowsOf(id, 'waiting');
    return rows.length > 0 ? rows : undefined;
  });

async function control(method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${stack.graphUrl}/_control/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

test('events that needed attention are found by that cause, and each runs again once from its facts, however often it is asked for', async () => {
  await send('W-1010', 'doubled-1', 'doubled-2');
  for (const id of ['doubled-1', 'doubled-2'])
    expect(await closed(id, 1)).toMatchObject({ outcome: 'needs-attention' });
  const preview = await replay('dana', '--cause', 'needs-attention');
  expect(preview).toMatchObject({
    code: 0,
    events: [1, 2].map(() => ({ action: 'send', attempt: 2, why: 'ended as needs-attention' })),
  });
  expect((await claims.read(keyOf('doubled-1')))?.attempt).toBe(1);

  await control('DELETE', `users/${SECOND}`);
  await stack.kill('host');
  const asked = await Promise.all(
    ['dana', 'erik'].map((by) => replay(by, '--cause', 'needs-attention', '--yes')),
  );
  for (const { code, events } of asked)
    expect({ code, results: events.map(({ result }) => result) }).toEqual({
      ...{ code: 0, results: ['replayed', 'replayed'] },
    });
  await stack.start('host');
  const outcomes: unknown[] = [];
  for (const id of ['doubled-1', 'doubled-2']) {
    outcomes.push((await closed(id, 2)).outcome);
    expect(await closingRows(id)).toMatchObject([
      { attempt: 1, initiator: 'event', reason: 'ambiguous-identity' },
      {
        ...{ attempt: 2, replayOf: '1', replayReason: 'INC-4711' },
        initiator: expect.stringMatching(/^replay:(dana|erik)$/) as string,
      },
    ]);
  }
  // Both state the same first day: the one that counts is carried out, by whichever run comes first.
  expect(outcomes).toContain('delivered');
  expect(['already-held', 'delivered', 'superseded']).toEqual(expect.arrayContaining(outcomes));
  await eventually('the requests of both people are taken', stack.isQueueEmpty);
  for (const id of ['doubled-1', 'doubled-2']) await closed(id, 2);
  expect((await replay('dana', '--cause', 'needs-attention')).events).toEqual([]);
}, 120_000);

test('an event whose run was terminated is replayed by its id without its body, also when the host dies before it has settled the request', async () => {
  await send('W-9101', 'stopped');
  await eventually(
    'the run waits',
    async () => (await claims.read(keyOf('stopped')))?.state === 'started',
  );
  const instance = `${stack.hostUrl}/runtime/webhooks/durabletask/instances/${keyOf('stopped')}-1`;
  await fetch(`${instance}/terminate?reason=tested&code=local`, { method: 'POST' });
  expect(await closed('stopped', 1)).toMatchObject({ outcome: 'terminated' });
  await control('POST', 'users', { employeeId: 'W-9101' });

  const done = await replay('dana', 'stopped', '--yes');
  expect(done).toMatchObject({ code: 0, events: [{ eventId: 'stopped', result: 'replayed' }] });
  await eventually(
    'the second attempt is claimed',
    async () => (await claims.read(keyOf('stopped')))?.attempt === 2,
    { everyMs: 5 },
  );
  await stack.kill('host');
  await stack.start('host');
  expect(await closed('stopped', 2)).toMatchObject({ outcome: 'delivered' });
  expect(await closingRows('stopped')).toMatchObject([
    { attempt: 1, outcome: 'terminated' },
    { attempt: 2, outcome: 'delivered', initiator: 'replay:dana', replayOf: '1' },
  ]);
  // What was delivered is named, and left as it is.
  const again = await replay('dana', 'stopped', '--yes');
  expect(again).toMatchObject({ code: 1, events: [{ action: 'leave', result: 'left' }] });
}, 120_000);

test('a worker who is missing from the directory is listed with what the event waits for and until when, and one row says so', async () => {
  await send('W-9103', 'early');
  const [row, ...others] = await waitingRow('early');
  expect(others).toEqual([]);
  expect(row).toMatchObject({ state: 'started', waitingFor: 'directory', reason: 'no-identity' });
  // IDENTITY_DEADLINE of the local stack.
  const wait = Date.parse(row?.waitingUntil ?? '') - Date.parse(row?.waitingSince ?? '');
  expect(wait).toBe(5 * 60_000);
  const expected = {
    ...{ eventId: 'early', workerId: 'W-9103', state: 'started', waitingFor: 'directory' },
    ...{ waitingSince: row?.waitingSince, waitingUntil: row?.waitingUntil },
  };
  expect(await joinery('status', 'early')).toMatchObject(expected);
  expect(((await joinery('list', '--open')) as Events).events).toMatchObject([expected]);
  await control('POST', 'users', { employeeId: 'W-9103' });
  expect(await closed('early', 1)).toMatchObject({ outcome: 'delivered' });
  expect(await rowsOf('early', 'waiting')).toHaveLength(1);
  expect(await joinery('list', '--open')).toEqual({ events: [], groups: [] });
}, 120_000);

test('an event that waits for an approval is listed as such, and its row comes once however often the request is polled', async () => {
  const attributes = {
    ...{ department: 'Human Resources', jobCode: 'HR-BP-1', workerType: 'employee' },
  };
  await sendWith({ attributes }, 'W-1020', 'advisor');
  const rows = await waitingRow('advisor');
  expect(rows).toMatchObject([{ waitingFor: 'approval' }]);
  expect(((await joinery('list', '--worker', 'W-1020')) as Events).events).toMatchObject([
    { eventId: 'advisor', waitingFor: 'approval', waitingUntil: rows[0]?.waitingUntil },
  ]);
  const { requests } = (await (await fetch(`${stack.graphUrl}/_control/state`)).json()) as {
    requests: { id: string; state: string; justification: string | null }[];
  };
  const pending = requests.filter(({ state }) => state.toLowerCase() === 'pendingapproval');
  for (const { id } of pending)
    await control('POST', `requests/${id}/decide`, { decision: 'approve' });
  expect(await closed('advisor', 1)).toMatchObject({ outcome: 'delivered' });
  const kinds = (await rowsOf('advisor', 'waiting')).map(({ waitingFor }) => waitingFor);
  expect(kinds.filter((kind) => kind === 'approval')).toHaveLength(1);
}, 120_000);

test('a suspended run is logged, counted and listed as a problem, and goes on once it is resumed', async () => {
  await send('W-9102', 'suspended');
  await eventually(
    'the run has begun',
    async () => (await claims.read(keyOf('suspended')))?.state === 'started',
  );
  const instance = `${stack.hostUrl}/runtime/webhooks/durabletask/instances/${keyOf('suspended')}-1`;
  await fetch(`${instance}/suspend?reason=tested&code=local`, { method: 'POST' });
  const line = `"what":"stalled","eventHash":"${keyOf('suspended')}","attempt":1,"status":"Suspended"`;
  const isLogged = (text: string) => stack.log.some((entry) => entry.includes(text));
  await eventually('the supervisor logs it', () => isLogged(line));
  await eventually('and counts it', () => isLogged('"what":"stalled-events","count":1'));
  expect(((await joinery('list', '--problems')) as Events).events).toMatchObject([
    { eventId: 'suspended', state: 'started', stalledSince: expect.any(String) as string },
  ]);
  await control('POST', 'users', { employeeId: 'W-9102' });
  await fetch(`${instance}/resume?reason=tested&code=local`, { method: 'POST' });
  expect(await closed('suspended', 1)).toMatchObject({ outcome: 'delivered' });
}, 120_000);

test('what a newer rule asks about was not stored of an event: replay says so, nothing is given by a guess, and its body runs it', async () => {
  const attributes = { department: 'Nowhere', grade: '7', workerType: 'employee' };
  await sendWith({ attributes }, 'W-1006', 'unstored');
  expect(await closed('unstored', 1)).toMatchObject({ outcome: 'no-matching-rule' });

  // A value that was not stored is not absent: by a guess, this rule would match.
  const when = {
    all: [
      { attribute: 'department', equals: 'Nowhere' },
      { not: { attribute: 'grade', equals: '8' } },
    ],
  };
  const rule = { id: 'nowhere', description: 'Nowhere', when, packages: ['finance'] };
  const changed = { ...model, birthrights: [...model.birthrights, rule] };
  await writeFile(join(stack.dataDir, 'access_model.json'), JSON.stringify(changed));
  await stack.kill('host');
  await stack.start('host');

  const named = await replay('dana', 'unstored', '--yes');
  expect(named).toMatchObject({
    code: 1,
    events: [{ action: 'leave', result: 'left', why: expect.stringContaining('grade') as string }],
  });
  const request = { eventSource: SOURCE, eventId: 'unstored', attempt: 1 };
  const who = { by: 'erik', reason: 'INC-4711' };
  await stack.send([Buffer.from(replayMessage(request, who, new Date()))]);
  expect(await closed('unstored', 2)).toMatchObject({
    ...{ outcome: 'needs-attention', reason: 'attribute-not-stored' },
  });
  const file = join(stack.dataDir, 'unstored.json');
  await writeFile(file, sent.at(-1)?.body ?? '');
  expect(await replay('dana', '--file', file, '--yes')).toMatchObject({ code: 0 });
  expect(await closed('unstored', 3)).toMatchObject({ outcome: 'delivered' });
}, 120_000);

test('after all repairs every invariant holds', async () => {
  const evidence = await collectEvidence(stack);
  expect(violations(evidence, { sent })).toEqual([]);
}, 60_000);
