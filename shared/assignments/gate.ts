import type { Config } from '../config/config';
import type { LoadedModel } from '../config/load-model';
import { jsonHash } from '../domain/events/keys';
import type { StoredFact } from '../domain/lifecycle/facts';
import {
  BrakeKind,
  gate,
  isExcluded,
  isPermitted,
  removalsOf,
  removalsToCount,
  type Exclusions,
  type Gated,
  type NotRun,
  type Permit,
  type BrakeAnswer,
  type Waiting,
} from '../domain/lifecycle/gate';
import type { Held } from '../domain/lifecycle/held';
import type { BrakeDecision, PlannedStep } from '../domain/lifecycle/plan';
import { timelineOf } from '../domain/lifecycle/timeline';
import type { Later } from '../domain/workflow/outcome';
import { StepOutcome, type StepResult } from '../domain/workflow/step-outcome';
import type { DecidedStep } from '../domain/workflow/workflow-state';
import type { Log } from '../log';
import { discardOf, isWaiting, type RemovalLimits } from '../storage/removal-rows';
import type { RemovalBrakes } from '../storage/removals';
import type { Workers } from '../storage/workers';

type Services = {
  model: () => LoadedModel;
  exclusions: () => Exclusions;
  brakes: RemovalBrakes;
  workers: Pick<Workers, 'everybody'>;
  config: Pick<Config, 'mode' | 'removals'>;
};

type Step = Parameters<typeof gate>[0][number];

/** The plan of one person: the steps by the account that they are on, with what is held there. */
export type Planned<Of extends Step> = {
  eventHash: string;
  /** The first worker id of the person, and all of them. */
  personId: string;
  workerIds: readonly string[];
  accounts: readonly { objectId: string; held: Held[]; steps: readonly Of[] }[];
  facts: readonly StoredFact[];
  /** Milliseconds since 1970. */
  at: number;
  /** Whether a person asked for the plan again: then no earlier discard counts. */
  isRecheck?: boolean;
  /** Of a recheck that a reconciliation asked for. Only if a person released it, no earlier discard counts. */
  permit?: Permit | undefined;
};

/** `decisions`: who released or discarded a step and why, by its id. `tripped`: a brake that closed now. */
type Passed<Of extends Step> = Gated<Of> & {
  decisions: Map<string, BrakeDecision>;
  tripped: string[];
};

/**
 * Stands between a plan and its first write: modes, exclusions, the settle time and the brakes. Removals that nothing else
 * holds back are entered with their brake, also while they settle, so that a wave is counted before it breaks; what is no
 * longer to be removed is taken out again. The caller has the lock of the person.
 */
export function createGate(services: Services) {
  const countPeople = createPeopleCount(services);
  return {
    pass: <Of extends Step>(planned: Planned<Of>): Promise<Passed<Of>> =>
      passGate(services, countPeople, planned),

    /** Why everything of a person that was held is still held, from rows alone; undefined if a plan has to tell. */
    stillHeld: async (personId: string): Promise<string | undefined> => {
      if (services.config.mode === 'paused') return 'paused';
      const known = await services.brakes.recall(personId);
      if (Object.values(known).every(({ waiting }) => waiting === undefined)) return undefined;
      const open = await services.brakes.open();
      const brake = open.find(({ kind, number }) => known[kind]?.waiting?.number === number);
      return brake && `brake:${brake.id}`;
    },

    /** What a recheck may do; undefined if that is all that is planned. Throws if nobody has asked for it. */
    permitOf: async (eventHash: string): Promise<Permit | undefined> => {
      const recheck = await services.brakes.recheckOf(eventHash);
      if (!recheck) throw new Error('the recheck of this run is not recorded');
      return recheck.permit;
    },
  };
}
export type GateKeeper = ReturnType<typeof createGate>;

async function passGate<Of extends Step>(
  services: Services,
  countPeople: PeopleCount,
  { eventHash, personId, workerIds, accounts, facts, at, isRecheck, permit }: Planned<Of>,
): Promise<Passed<Of>> {
  const { brakes, config } = services;
  const { model } = services.model();
  const { settleSeconds } = config.removals;
  const removals = accounts.flatMap(({ objectId, held, steps }) =>
    removalsOf(steps, { facts, held, model, at, settleSeconds }).map((removal) => ({
      ...removal,
      objectId,
    })),
  );
  // Somebody of whom one thing was stated has never had a removal planned by facts.
  const known = removals.length > 0 || facts.length > 1 ? await brakes.recall(personId) : {};
  const stated = jsonHash(facts.map(({ hash }) => hash).sort());
  const decisions = new Map<string, BrakeDecision>();
  const steps = accounts.flatMap((account) => account.steps);
  const permitted = new Set(steps.filter((step) => isPermitted(permit, step)).map(({ id }) => id));
  const isAllowed = ({ stepId }: { stepId: string }) => permitted.has(stepId);
  const isOfPerson = permit ? permit.released !== undefined : isRecheck;
  for (const removal of isOfPerson ? [] : removals.filter(isAllowed)) {
    const discard = discardOf(known, stated, removal);
    if (discard) decisions.set(removal.stepId, discard);
  }
  const objectIds = accounts.map(({ objectId }) => objectId);
  const situation = {
    ...{ at, model, mode: config.mode, removals },
    isExcluded: isExcluded(services.exclusions(), { workerIds, objectIds }),
    discarded: new Set(decisions.keys()),
    permit,
  };

  const counted = new Set(removalsToCount(situation).map(({ stepId }) => stepId));
  const answers: Partial<Record<BrakeKind, BrakeAnswer>> = {};
  const tripped: string[] = [];
  for (const kind of BrakeKind.options) {
    const ofKind = removals.filter((one) => one.kind === kind && counted.has(one.stepId));
    // What another run of the person waits with goes on waiting, although this one may not carry it out.
    const own = ofKind.filter((one) => isAllowed(one) || isWaiting(known, kind, one));
    if (own.length === 0) {
      await brakes.leave(personId, kind, known);
      continue;
    }
    const ahead = own.filter(isAllowed);
    if (ahead.length === 0) continue;
    if (permit?.released) {
      answers[kind] = { kind: 'released', ...permit.released };
      continue;
    }
    const answer = await brakes.ask(
      { kind, person: personId, eventHash, facts: stated, packages: own },
      known,
      {
        isDue: ahead.some(({ settledAt }) => settledAt <= at),
        limits: limitsOf(services, kind, (people, enough) => countPeople(at, people, enough)),
        at: new Date(at).toISOString(),
      },
    );
    if (answer === undefined) continue;
    answers[kind] = answer;
    if (answer.kind === 'held' && answer.tripped) tripped.push(answer.brake);
    if (answer.kind === 'released' || answer.kind === 'discarded')
      for (const { stepId } of ahead) decisions.set(stepId, answer);
  }
  if (permit?.released) for (const id of permitted) decisions.set(id, permit.released);
  return { ...gate(steps, { ...situation, answers }), decisions, tripped };
}

function limitsOf(
  { config }: Services,
  kind: BrakeKind,
  people: NonNullable<RemovalLimits['share']>['people'],
): RemovalLimits {
  const { windowSeconds, limit, urgentLimit, percent, floor } = config.removals;
  if (kind === 'urgent') return { windowSeconds, limit: urgentLimit };
  return { windowSeconds, limit, share: { percent, floor, people } };
}

type PeopleCount = ReturnType<typeof createPeopleCount>;

/** For so long a count is used again: people come and go slowly beside a wave. */
const COUNT_MS = 60_000;

/**
 * Counts the people with a current employment, with those who are to lose access, whose employment may just have ended; not
 * much further than `enough`. With the usual limits that is a few thousand rows, read only while a wave is between floor and
 * limit, and a few times a minute.
 */
function createPeopleCount({ workers, model }: Pick<Services, 'workers' | 'model'>) {
  let reading: Promise<Awaited<ReturnType<typeof readCurrent>>> | undefined;
  const readCurrent = async (at: number, enough: number) => {
    const current = new Set<string>();
    const until = at + COUNT_MS;
    for await (const { workerId, facts } of workers.everybody()) {
      const { spans } = timelineOf(facts, model().model);
      if (spans.some(({ from, until: end = Infinity }) => from <= at && at < end))
        current.add(workerId);
      if (current.size >= enough) return { current, isAll: false, until };
    }
    return { current, isAll: true, until };
  };
  return async (at: number, counted: ReadonlySet<string>, enough: number): Promise<number> => {
    // Many ask at once: one of them reads for all, and further than it needs.
    for (let known = reading; ; known = reading) {
      const read = await known;
      if (read && at < read.until) {
        const size = new Set([...read.current, ...counted]).size;
        if (read.isAll || size >= enough) return size;
      }
      if (known !== reading) continue;
      const own = readCurrent(at, 2 ** Math.ceil(Math.log2(enough)));
      reading = own;
      own.catch(() => (reading = undefined));
    }
  };
}

/**
 * What the gate lets through of a plan, and what it decides. Steps that this run has carried out, or is carrying out, have
 * passed before.
 */
export async function throughGate(
  keeper: GateKeeper,
  { accounts, ...planned }: Planned<PlannedStep>,
  done: readonly string[],
  log: Log,
) {
  const isOver = ({ id }: PlannedStep): boolean => done.includes(id);
  const ahead = accounts.map((one) => ({
    ...one,
    steps: one.steps.filter((step) => !isOver(step)),
  }));
  const passed = await keeper.pass({ ...planned, accounts: ahead });
  for (const brake of passed.tripped) log({ what: 'removal-brake', brake });
  const withDecision = (step: PlannedStep): PlannedStep => {
    const decision = passed.decisions.get(step.id);
    return decision ? { ...step, decision } : step;
  };
  return {
    waiting: waitOf(passed.waiting, planned.at),
    steps: [
      ...accounts.flatMap(({ steps }) => steps.filter(isOver)),
      ...passed.run.map(withDecision),
    ],
    decided: [
      ...passed.would.map((step) => ({ ...step, result: { outcome: wouldOf(step) } })),
      ...passed.stopped.map(({ step, reason }) => ({
        ...withDecision(step),
        result: resultOfGate(step, reason),
      })),
    ] satisfies DecidedStep[],
  };
}

const wouldOf = ({ action }: PlannedStep): StepResult['outcome'] =>
  StepOutcome.parse(`would-${action}`);

function resultOfGate({ after }: PlannedStep, reason: NotRun): StepResult {
  if (reason !== 'after-not-carried-out') return { outcome: reason };
  const [before = ''] = after;
  const partner = before.replace(/^revoke:/, '').replace(/@.*$/, '');
  return { outcome: 'refused-sod', reason: `partner-not-removed:${partner}` };
}

/** When to plan again for what waits: at the end of the first settle time, else now and then. */
function waitOf(waiting: readonly Waiting[], at: number): Later | undefined {
  const settling = waiting.flatMap(({ until }) => until ?? []);
  if (settling.length > 0) {
    const end = Math.min(...settling);
    const afterSeconds = Math.max((end - at) / 1000, 0.01);
    return { kind: 'later', afterSeconds, why: 'settling', until: new Date(end).toISOString() };
  }
  const held = waiting.find(({ why }) => why === 'brake') ?? waiting[0];
  return (
    held && {
      kind: 'later',
      afterSeconds: 1,
      why: held.brake === undefined ? 'paused' : `brake:${held.brake}`,
    }
  );
}
