import type { Brake, HeldPerson } from '../shared/storage/removal-rows';
import type { RunRequest } from '../shared/storage/staging';
import { isReconcileBrake } from '../shared/domain/reconcile/reconcile-brakes';
import { lastPlan, waitingUnder } from '../shared/reconcile/repairs';
import { decisionOf, requestDecision } from '../shared/reconcile/request';
import { openBrakes, openClaims, openStaging, type Connection } from './connection';
import { follow } from './follow';
import { rulesOf } from './model';
import { CliError, counted, print, tableOf } from './print';
import { replayQueue, withBus } from './service-bus';

type HeldBrake = Pick<Brake, 'id' | 'trippedAt' | 'counted'> & {
  kind: Brake['kind'] | 'reconcile-grant' | 'reconcile-removal';
  people: HeldPerson[];
};

/** Lists the brakes that are open, of the lifecycle and of the last run of the reconciliation, and everybody who waits. */
export async function held(connection: Connection, { json }: { json: boolean }): Promise<void> {
  const brakes = openBrakes(connection);
  const found: HeldBrake[] = [];
  for (const brake of await brakes.open()) {
    const { id, kind, trippedAt, counted: atLeast } = brake;
    const people: HeldPerson[] = [];
    for await (const page of brakes.waitingUnder(brake)) people.push(...page);
    found.push({ id, kind, trippedAt, counted: atLeast, people });
  }
  found.push(...(await heldByReconciliation(connection)));
  print({ brakes: found }, json, () => textOf(found));
}

function textOf(brakes: readonly HeldBrake[]): string {
  if (brakes.length === 0) return 'nothing is held by a brake';
  return brakes
    .map(({ id, kind, trippedAt, people }) => {
      const what = kind === 'reconcile-grant' ? 'would get' : 'would lose';
      const rows = people.map(({ person, packages, objectIds, since }) => [
        ...[person, packages.join(', '), objectIds.join(', '), since],
      ]);
      return [
        `brake ${id}, tripped at ${trippedAt}: ${counted(people.length, 'person waits', 'people wait')}`,
        tableOf(['worker', what, 'in the account', 'since'], rows),
        ...['release', 'discard'].map(
          (decision) => `next: joinery ${decision} ${id} --by <who> --reason <code>`,
        ),
      ].join('\n');
    })
    .join('\n\n');
}

export type CloseOptions = { by: string; reason: string; json: boolean };

/** Releases or discards a brake and tells for how many people. A brake that is closed already is an error. */
export async function closeBrake(
  connection: Connection,
  id: string,
  state: 'released' | 'discarded',
  { by, reason, json }: CloseOptions,
): Promise<void> {
  if (isReconcileBrake(id)) {
    const waiting = await decide(connection, id, { state, by, reason });
    print({ brake: id, state, by, reason, people: waiting }, json, () =>
      state === 'released'
        ? `released: ${counted(waiting, 'person is', 'people are')} checked again; what the run found is done where the plan still says it`
        : `discarded: for ${counted(waiting, 'person', 'people')} nothing is done; the next run finds it again`,
    );
    return;
  }
  const brakes = openBrakes(connection);
  const answer = await brakes.close(id, {
    state,
    by,
    reason,
    at: new Date(connection.now()).toISOString(),
  });
  if (answer === undefined)
    throw new CliError(`there is no brake ${id}; "joinery held" lists those that are open`);
  const { brake, isClosed } = answer;
  if (!isClosed) {
    const { by: who = '', reason: why = '', closedAt = '' } = brake;
    throw new CliError(`brake ${id} was ${brake.state} by ${who} (${why}) at ${closedAt}`);
  }
  let people = 0;
  for await (const page of brakes.waitingUnder(brake)) people += page.length;
  // A run that is held looks whether it may go on.
  const when = 'within a quarter of an hour';
  print({ brake: id, state, by, reason, people }, json, () =>
    state === 'released'
      ? `released: the removals of ${counted(people, 'person', 'people')} are carried out ${when}`
      : `discarded: ${counted(people, 'person keeps', 'people keep')} what they have, until something else is stated of ` +
        `them; their runs notice it ${when}`,
  );
}

/** What the last run of the reconciliation holds, and nobody has decided about. A day later nothing can be decided. */
async function heldByReconciliation(connection: Connection): Promise<HeldBrake[]> {
  const staging = openStaging(connection);
  const { generation } = await staging.lease();
  const plan = await lastPlan(staging, generation, connection.now());
  if (!plan || plan.isOld) return [];
  const found: HeldBrake[] = [];
  for (const [index, brake] of plan.brakes.entries()) {
    if ((await decisionOf(staging, plan.run, index)) !== undefined) continue;
    const people = (await waitingUnder(staging, generation, brake)).map(({ workerId, held }) => ({
      ...{ person: workerId, eventHash: plan.eventHash, since: plan.at },
      objectIds: [...new Set(held.flatMap(({ objectId }) => objectId ?? []))],
      packages: [...new Set(held.flatMap(({ packageKey }) => packageKey ?? []))],
    }));
    const { id, action, count: counted } = brake;
    found.push({ id, kind: `reconcile-${action}`, trippedAt: plan.at, counted, people });
  }
  return found;
}

/** Seconds that a decision is followed for. It is written down, and carried out however long that takes. */
const FOLLOWED = 300;

/** Has the app carry out a decision about a brake of the last run. Answers for how many people. */
async function decide(
  connection: Connection,
  id: string,
  decision: { state: 'released' | 'discarded'; by: string; reason: string },
): Promise<number> {
  const staging = openStaging(connection);
  const { generation, holder } = await staging.lease();
  const now = connection.now();
  const plan = await lastPlan(staging, generation, now);
  const index = plan?.brakes.findIndex((one) => one.id === id) ?? -1;
  const brake = plan?.brakes[index];
  const isUnderWay = async (): Promise<boolean> =>
    holder !== undefined && !(await openClaims(connection).isOver(holder));
  if (!plan || !brake)
    throw new CliError(
      (await isUnderWay())
        ? `a run of the reconciliation is under way; what earlier runs found cannot be decided any more`
        : `there is no brake ${id} of the last run; "joinery held" lists those that are open`,
    );
  const earlier = await decisionOf(staging, plan.run, index);
  if (earlier && earlier.decision?.state !== decision.state) throw wasDecided(id, earlier);
  const again = 'what the run found is not carried out any more: run joinery reconcile again';
  if (plan.isOld && !earlier) throw new CliError(`brake ${id} is older than a day, and ${again}`);
  const { hash } = await rulesOf(connection);
  if (hash !== undefined && !earlier && hash !== plan.modelHash)
    throw new CliError(`the access model has changed since brake ${id}, and ${again}`);
  const people = (await waitingUnder(staging, generation, brake)).length;
  const { eventHash, asked } = await withBus(connection, async (client) => {
    const { send } = replayQueue(client, connection.queue);
    const what = { run: plan.run, index, brake: id, ...decision };
    return requestDecision(staging, (body) => send(body, {}), what, new Date(now));
  });
  const { outcome, reason } = await follow(connection, eventHash, FOLLOWED);
  if (outcome !== decision.state)
    throw new CliError(`it was not carried out (${reason ?? outcome}), and ${again}`);
  if (asked && (earlier || asked.by !== decision.by || asked.reason !== decision.reason))
    throw wasDecided(id, asked);
  return people;
}

const wasDecided = (id: string, { decision, at }: RunRequest): CliError =>
  new CliError(
    `brake ${id} was ${decision?.state} by ${decision?.by} (${decision?.reason}) at ${at}`,
  );
