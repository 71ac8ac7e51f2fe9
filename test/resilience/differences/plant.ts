import { LifecycleEvent } from '../../../shared/domain/events/lifecycle-event';
import { eventHash, instanceId } from '../../../shared/domain/events/keys';
import { factOf } from '../../../shared/domain/lifecycle/fact-of';
import type { StoredFact } from '../../../shared/domain/lifecycle/facts';
import { mapConcurrent } from '../../../shared/promises';
import { createHoldings, type Holding } from '../../../shared/storage/holdings';
import { openTable } from '../../../shared/storage/table';
import { createWorkers } from '../../../shared/storage/workers';
import { eventually } from '../../support/eventually';
import { joinerEvent, SOURCE } from '../../support/events';
import type { TestStack } from '../../support/test-stack';
import { workerId } from '../model';
import { objectId, type reconciliationOf } from '../reconciliation';
import { everybody, FOUNDERS, type Planted, type Population } from './population';

const DAY = 86_400_000;
const AT_ONCE = 16;

/** The joiner event of a person, a hundred days ago. */
export const joinerOf = (n: number, department: string, now: Date) =>
  joinerEvent(workerId(n), {
    data: {
      ...{ startDate: dayAt(now, -100), endDate: undefined, timeZone: 'Etc/UTC' },
      attributes: { department },
    },
    envelope: { time: isoAt(now, -101) },
  });

export const factOfPerson = (n: number, department: string, now: Date): StoredFact => ({
  ...factOf(LifecycleEvent.parse(JSON.parse(JSON.stringify(joinerOf(n, department, now))))),
  acceptedAt: isoAt(now, -100),
});

/** The roster says of everybody what their events say, but for those who are absent from it, and of some whom no event named. */
export const rosterOf = (population: Population, now: Date): object[] => {
  const { planted } = population;
  const absent = new Set(
    planted.filter(({ cause }) => cause === 'absent-from-roster').map(({ n }) => n),
  );
  return everybody(population)
    .filter(([n]) => !absent.has(n))
    .map(([n, department]) => ({
      ...{ Number: workerId(n), First: dayAt(now, -100), Zone: 'Etc/UTC', Dept: department },
    }));
};
export const ROSTER_MAP = {
  ...{ Number: 'workerId', First: 'from', Zone: 'timeZone', Dept: 'attributes.department' },
};

const isoAt = (now: Date, days: number): string =>
  new Date(now.getTime() + days * DAY).toISOString();
const dayAt = (now: Date, days: number): string => isoAt(now, days).slice(0, 10);

type On = ReturnType<typeof reconciliationOf>;
type Package = { id: string; catalogId: string; policyId: string };

/**
 * Gives everybody what they are to have but for what is planted, as if each had joined long ago: facts and holdings by rows,
 * assignments in the simulator. Then plants the differences as others would cause them.
 */
export async function plant(stack: TestStack, on: On, population: Population): Promise<void> {
  const { departments, given, planted } = population;
  const now = stack.now();
  const table = openTable(stack.storage, 'workers');
  const [workers, holdings] = [createWorkers(table), createHoldings(table)];
  const packages = await packagesOf(on);
  const plantedOf = new Map(planted.map((one) => [one.n, one]));

  const record = async (n: number, packageKey: string, more: Partial<Holding>): Promise<void> => {
    const { id, catalogId, policyId } = packages.get(packageKey) ?? NO_PACKAGE;
    const hash = eventHash(SOURCE, joinerEvent(workerId(n)).id);
    await holdings.save({
      ...{ personId: workerId(n), targetId: objectId(n), packageKey, state: 'held' },
      ...{ action: 'grant', whose: 'ours', accessPackageId: id, catalogId },
      ...{ assignmentPolicyId: policyId, eventHash: hash, attempt: 1, absentReads: 0 },
      ...{ instanceId: instanceId(hash, 1), outcome: 'delivered', updatedAt: isoAt(now, -1) },
      ...more,
    });
  };
  const assign = (n: number, packageKey: string, more: object = {}) => {
    const { id, policyId } = packages.get(packageKey) ?? NO_PACKAGE;
    const where = { packageId: id, policyId, userId: objectId(n) };
    return on.control<{ id: string }>('POST', 'assignments', { ...where, ...more });
  };
  /** As a request of ours has given it. */
  const give = async (n: number, packageKey: string, more: object = {}): Promise<string> => {
    const justification = `joinery:${eventHash(SOURCE, joinerEvent(workerId(n)).id)}:1:${packageKey}`;
    const { id } = await assign(n, packageKey, { justification, ...more });
    await record(n, packageKey, { assignmentId: id });
    return id;
  };

  /** Without what `plantOne` leaves out or gives in a way of its own. */
  const people = departments.map((_, n) => n).slice(FOUNDERS);
  await mapConcurrent(AT_ONCE, people, async (n) => {
    const department = departments[n] ?? '';
    await workers.addFact(factOfPerson(n, department, now));
    const own = plantedOf.get(n);
    for (const packageKey of given.get(department) ?? [])
      if (own?.packageKey !== packageKey) await give(n, packageKey);
  });
  const plantOne = async ({ cause, n, packageKey, other = 0 }: Planted): Promise<void> => {
    switch (cause) {
      case 'unknown-account':
      case 'theirs':
      case 'conflict-theirs':
        await assign(n, packageKey);
        return;
      case 'other-account': {
        const { id } = await assign(other, packageKey);
        await record(n, packageKey, { targetId: objectId(other), assignmentId: id });
        return;
      }
      case 'conflict-ours':
      case 'extra-ours':
        await give(n, packageKey);
        return;
      case 'stuck': {
        const { id: packageId, policyId } = packages.get(packageKey) ?? NO_PACKAGE;
        const open = { packageId, policyId, userId: objectId(n), state: 'submitted' };
        const { id } = await on.control<{ id: string }>('POST', 'requests', open);
        const updatedAt = isoAt(now, -10);
        await record(n, packageKey, { state: 'requested', requestId: id, updatedAt });
        return;
      }
      case 'broken':
        await give(n, packageKey, { state: 'partiallyDelivered' });
        return;
      case 'taken':
        await on.control('DELETE', `assignments/${await give(n, packageKey)}`);
        return;
      case 'wrong-end':
        await on.control('PATCH', `assignments/${await give(n, packageKey)}`, {
          schedule: {
            startDateTime: isoAt(now, -100),
            expiration: {
              ...{ type: 'afterDateTime', endDateTime: isoAt(now, 30), duration: null },
            },
          },
        });
        return;
      case 'missing':
      case 'by-rule':
      case 'roster-only':
      case 'absent-from-roster':
        return;
    }
  };
  await mapConcurrent(AT_ONCE, planted, plantOne);
  await nameRequests(on, table, planted);
  await plantRules(on, packages, planted);
  for (const key of population.drifted) {
    const { id } = packages.get(key) ?? NO_PACKAGE;
    await on.control('PATCH', `accessPackages/${id}`, { description: 'Another one.' });
  }
}

const NO_PACKAGE: Package = { id: '', catalogId: '', policyId: '' };

async function packagesOf(on: On): Promise<Map<string, Package>> {
  const { accessPackages } = await on.control<{
    accessPackages: { id: string; displayName: string; catalogId: string; policies: string[] }[];
  }>('GET', 'state');
  return new Map(
    accessPackages.map(({ id, displayName, catalogId, policies: [policyId = ''] }) => [
      displayName.replace('Package ', ''),
      { id, catalogId, policyId },
    ]),
  );
}

/** What was delivered in part can be reprocessed by the request that gave it. */
async function nameRequests(
  on: On,
  table: ReturnType<typeof openTable>,
  planted: readonly Planted[],
): Promise<void> {
  const holdings = createHoldings(table);
  const { requests } = await on.control<{ requests: { id: string; assignmentId?: string }[] }>(
    'GET',
    'state',
  );
  const byAssignment = new Map(requests.map(({ id, assignmentId }) => [assignmentId, id]));
  for (const { cause, n, packageKey } of planted) {
    if (cause !== 'broken') continue;
    const place = { personId: workerId(n), targetId: objectId(n), packageKey };
    const holding = await holdings.load(place);
    if (!holding) throw new Error('no holding');
    const requestId = byAssignment.get(holding.assignmentId);
    await holdings.save({ ...holding, requestId });
  }
}

/** One automatic policy of each package that gives it to all whose planted difference that is. */
async function plantRules(
  on: On,
  packages: ReadonlyMap<string, Package>,
  planted: readonly Planted[],
): Promise<void> {
  const ruled = planted.filter(({ cause }) => cause === 'by-rule');
  for (const key of new Set(ruled.map(({ packageKey }) => packageKey))) {
    const of = ruled.filter(({ packageKey }) => packageKey === key);
    const rule = of.map(({ n }) => `(user.employeeId -eq "${workerId(n)}")`).join(' -or ');
    const packageId = packages.get(key)?.id;
    await on.control('POST', 'policies', { packageId, rule, members: { displayName: 'By rule' } });
  }
  const keyOf = (packageId: string | undefined, targetId: string) => `${packageId} ${targetId}`;
  await eventually('the rules have given it', async () => {
    const { assignments } = await on.state();
    const held = new Set(
      assignments
        .filter(({ state }) => /^delivered$/i.test(state))
        .map(({ packageId, targetId }) => keyOf(packageId, targetId)),
    );
    return ruled.every(({ n, packageKey }) =>
      held.has(keyOf(packages.get(packageKey)?.id, objectId(n))),
    );
  });
}
