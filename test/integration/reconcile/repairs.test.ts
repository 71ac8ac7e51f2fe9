import { createHash } from 'node:crypto';
import type { ReconcileRun } from '../../../shared/domain/workflow/activities';
import type { Difference } from '../../../shared/domain/reconcile/findings';
import { applyBrakes, decideBrake, sendRechecks } from '../../../shared/reconcile/repairs';
import { blankScope } from '../../../shared/reconcile/begin';
import { foundIn, shardOf } from '../../../shared/storage/staging';
import { MAX_NUMBERS } from '../../../shared/storage/workers';
import { servicesOver } from '../../support/call-activity';
import { hash, openStorage, type Storage } from '../../support/storage';

let storage: Storage;
let generation = 0;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());

const AT = '2027-01-04T12:00:00.000Z';
const now = (hours: number) => new Date(Date.parse(AT) + hours * 3_600_000);

/** Services whose messages are kept. */
const services = () => {
  const sent: string[] = [];
  const send = (body: Uint8Array): Promise<void> => {
    const { id } = JSON.parse(Buffer.from(body).toString()) as { id: string };
    sent.push(id);
    return Promise.resolve();
  };
  return { ...servicesOver(storage), send, sent };
};

/** A run that has found a missing package for each of so many people, whom it would grant it. */
async function found(people: number, action: 'grant' | 'revoke'): Promise<ReconcileRun> {
  const { staging, claims, workers } = services();
  const eventHash = createHash('sha256').update(`run-${action}-${people}`).digest('hex');
  const instanceId = `${eventHash}-1`;
  generation = (await staging.acquire(instanceId, () => Promise.resolve(true))) ?? 0;
  const fact = {
    ...{ eventId: `reconcile@${generation}`, eventSource: 'urn:joinery:reconcile' },
    ...{ eventType: 'joinery.reconcile.v1', bodyHash: hash('b'), occurredAt: AT, receivedAt: AT },
  };
  await claims.claim(eventHash, {
    ...{ state: 'claimed', contentHash: hash('c'), attempt: 1, fact, updatedAt: AT },
    due: { partition: 'shard-0', key: 'none' },
  });
  await claims.start({ eventHash, attempt: 1, token: 'token' }, AT);
  const scope = { ...blankScope('package'), packageKey: 'sales', holders: 5000 };
  await staging.putScope(generation, 1, { ...scope, state: 'complete' as const });
  const kind = action === 'grant' ? ('missing' as const) : ('extra-ours' as const);
  for (let n = 0; n < people; n += 1) {
    const workerId = `W-${generation}-${n}`;
    await workers.addFact({
      ...{ source: 'urn:hr', id: workerId, hash: shardHash(workerId), time: AT, acceptedAt: AT },
      ...{ workerId, employmentId: 'primary', states: { kind: 'left', lastDay: '2026-12-31' } },
    });
    const difference: Difference = {
      ...{ kind, workerId, packageKey: 'sales', action, remedy: 'repair', next: 'A recheck.' },
    };
    await staging.put(generation, foundIn(shardOf('one')), `batch-${n}`, {
      ...{ batch: 'batch', workerId, differences: [difference] },
    });
  }
  const none = { grant: 0, removal: 0 };
  await staging.put(generation, 'shards', shardOf('one'), {
    ...{ batch: 'batch', foundIn: [shardOf('one')] },
    repairs: { sales: { ...none, [action === 'grant' ? 'grant' : 'removal']: people } },
    skipped: { runOpen: 0, recentFact: 0, excluded: 0 },
    modelHash: services().model().hash,
  });
  return {
    ...{ eventHash, attempt: 1, instanceId, token: 'token', fact },
    ...{ id: `r${generation}`, generation, at: AT, options: {} },
  };
}

/** The event of a decision about a brake of a run. */
const decisionAbout = (
  run: ReconcileRun,
  brake: string,
  state: 'released' | 'discarded',
  hours: number,
): ReconcileRun => ({
  ...{ ...run, id: `${run.id}.0`, at: now(hours).toISOString() },
  options: { decision: { brake, state, by: 'a-person', reason: 'checked' } },
});

const shardHash = (text: string): string => createHash('sha256').update(text).digest('hex');

test('each person with something to repair is asked for under one id, however often the same is sent', async () => {
  const run = await found(12, 'grant');
  const { sent, ...own } = services();
  expect(await applyBrakes(own, run, () => undefined)).toEqual({ kind: 'done', tripped: 0 });
  expect(await sendRechecks(own, run, undefined)).toEqual({ kind: 'done' });
  expect(new Set(sent).size).toBe(12);
  await sendRechecks(own, run, undefined);
  expect([sent.length, new Set(sent).size]).toEqual([24, 12]);
});

test('who has come to be joined to too many worker ids is left out, and everybody else is asked for', async () => {
  const run = await found(3, 'grant');
  const { sent, ...own } = services();
  await applyBrakes(own, run, () => undefined);
  const [crowded, ...others] = [0, 1, 2].map((n) => `W-${generation}-${n}`);
  const [fact] = await own.workers.facts(crowded ?? '');
  if (!fact) throw new Error('nothing was stated');
  for (let n = 0; n < MAX_NUMBERS; n += 1)
    await own.workers.addFact({
      ...{ ...fact, id: `joins-${n}`, hash: shardHash(`joins-${n}`), workerId: `W-joins-${n}` },
      previousWorkerId: crowded,
    });
  expect(await sendRechecks(own, run, undefined)).toEqual({ kind: 'done' });
  expect(sent.sort()).toEqual(others.map((workerId) => `${workerId}@${run.id}`));
});

test('60 missing against a limit of 50: none is asked for before a release, and 60 after it', async () => {
  const run = await found(60, 'grant');
  const lines: object[] = [];
  const { sent, ...own } = services();
  expect(await applyBrakes(own, run, (line) => lines.push(line))).toMatchObject({ tripped: 1 });
  const brake = `reconcile-grant-${run.id}`;
  expect(lines).toEqual([{ what: 'reconcile-brake', brake, count: 60, limit: 50 }]);
  await sendRechecks(own, run, undefined);
  expect(sent).toEqual([]);
  const decided = (id: string, hours = 1): ReconcileRun =>
    decisionAbout(run, id, 'released', hours);
  const decide = (id: string, hours?: number) => decideBrake(own, decided(id, hours), undefined);
  expect(await decide('reconcile-grant-other')).toMatchObject({ reason: 'unknown-brake' });
  expect(await decide(brake, 25)).toMatchObject({ reason: 'outdated' });
  const changed = { ...own, model: () => ({ ...own.model(), hash: 'another-model' }) };
  expect(await decideBrake(changed, decided(brake), undefined)).toMatchObject({
    reason: 'outdated',
  });
  expect(sent).toEqual([]);
  expect(await decide(brake)).toEqual({ kind: 'done' });
  expect(new Set(sent).size).toBe(60);
  // As after a kill: what is sent again has the ids of before, and an id begins one event.
  expect(await decide(brake)).toEqual({ kind: 'done' });
  expect(new Set(sent).size).toBe(60);
});

test('one removal at the default limit is held, and a discard asks for nothing', async () => {
  const run = await found(1, 'revoke');
  const { sent, ...own } = services();
  await applyBrakes(own, run, () => undefined);
  await sendRechecks(own, run, undefined);
  const decided = decisionAbout(run, `reconcile-removal-${run.id}`, 'discarded', 1);
  expect(await decideBrake(own, decided, undefined)).toEqual({ kind: 'done' });
  expect(sent).toEqual([]);
});
