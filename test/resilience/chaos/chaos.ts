import { setTimeout as wait } from 'node:timers/promises';
import type { Sent } from '../events';
import { gather, readTable, type Evidence } from '../evidence';
import { violations } from '../invariants';
import { tenantOf } from '../model';
import { seeded } from '../seeded';
import { startWorld, type World } from '../world';
import { canaries, chaosModel, crowdOf } from './crowd';
import { scheduleOf, type Blow, type Schedule, type Spell } from './schedule';

export type ChaosOptions = {
  events: number;
  seconds: number;
  seed: number;
  tell: (line: string) => void;
};

/** What was done, what came of it, and every violation. */
export type ChaosResult = {
  kills: number;
  freezes: number;
  spells: number;
  /** Events that the contract accepts; each was sent at least once. */
  accepted: number;
  refused: number;
  /** How many events ended in which way. */
  outcomes: Record<string, number>;
  faults: string[];
};

/** A backlog that has stood still for so long is stuck, however slow the machine is. */
const STILL_MS = 90_000;

const settings = {
  GRAPH_LAG: '300ms',
  GRAPH_DEADLINE: '5s',
  POLL_SCHEDULE: '500ms 1s 2s<1m 5s',
  CALL_PATIENCE: '1h',
  DELIVERY_DEADLINE: '1h',
};

/** Sends events while processes die and calls fail as the seed has it; then waits for the end and asks the checker. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { events, seconds, seed, tell } = options;
  const schedule = scheduleOf(seconds, seed);
  const { sent, messages } = crowdOf(events, seed);
  const world = await startWorld({
    env: { ...settings, GRAPH_SEED: String(seed) },
    files: { ACCESS_MODEL: chaosModel(), GRAPH_TENANT: tenantOf(events) },
  });
  try {
    const began = Date.now();
    const tellTime = (line: string): void =>
      tell(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);
    await Promise.all([
      sendAll(world, messages, seconds * 800),
      strike(world, schedule.blows, began, tellTime),
      cast(world, schedule.spells, began, seed, tellTime),
    ]);
    world.tap.watch();
    tellTime('the faults are over; waiting for the backlog');
    const accepted = sent.filter(({ expect }) => expect === 'accepted').length;
    const late = await untilDrained(world, accepted, tellTime);
    const evidence = await gather(world);
    const faults = violations(evidence, { sent, canaries });
    return {
      ...countsOf(schedule),
      accepted,
      refused: sent.length - accepted,
      outcomes: outcomesOf(evidence),
      faults: [...late, ...faults],
    };
  } finally {
    await world.stop();
  }
}

const countsOf = ({ blows, spells }: Schedule) => ({
  kills: blows.filter(({ kind }) => kind === 'kill').length,
  freezes: blows.filter(({ kind }) => kind === 'freeze').length,
  spells: spells.length,
});

function outcomesOf({ tables }: Evidence): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, outcome } of tables.audit) {
    if (kind === 'closing') counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1;
  }
  return counts;
}

/** A bus that was killed or frozen meanwhile has perhaps taken a message whose sending failed: then it has it twice. */
async function sendAll(world: World, messages: readonly Sent[], withinMs: number): Promise<void> {
  const batch = Math.max(1, Math.ceil(messages.length / (withinMs / 500)));
  for (let at = 0; at < messages.length; at += batch) {
    const some = messages.slice(at, at + batch);
    for (let isSent = false; !isSent;) {
      isSent = await world.send(some).then(
        () => true,
        () => false,
      );
      await wait(500);
    }
  }
}

/** One blow after another: a part is whole again before the next is struck. */
async function strike(
  world: World,
  blows: Schedule['blows'],
  began: number,
  tell: (line: string) => void,
): Promise<void> {
  for (const blow of blows) {
    await wait(Math.max(0, began + blow.at - Date.now()));
    tell(`${blow.kind} ${blow.part}, ${blow.pauseMs} ms`);
    await deal(world, blow);
  }
}

async function deal(world: World, { part, kind, pauseMs }: Blow): Promise<void> {
  if (kind === 'freeze') {
    world.signal(part, 'SIGSTOP');
    await wait(pauseMs);
    world.signal(part, 'SIGCONT');
    return;
  }
  world.signal(part, 'SIGKILL');
  await world.gone(part);
  await wait(pauseMs);
  await world.start(part);
}

/** Lays each spell on the proxies for as long as it lasts; the latest on a dependency is the one that counts. */
async function cast(
  world: World,
  spells: Schedule['spells'],
  began: number,
  seed: number,
  tell: (line: string) => void,
): Promise<void> {
  const chance = seeded(seed ^ 0xca57);
  const laid: (Spell & { until: number })[] = [];
  world.tap.watch(({ to }) => {
    const spell = laid.findLast((one) => one.to === to && one.until > Date.now());
    return spell && chance.between(1, spell.oneIn) === 1 ? spell.fault : undefined;
  });
  for (const spell of spells) {
    await wait(Math.max(0, began + spell.at - Date.now()));
    const { to, fault, oneIn, lastsMs } = spell;
    tell(`${fault.kind} one in ${oneIn} calls to ${to} for ${lastsMs} ms`);
    laid.push({ ...spell, until: Date.now() + lastsMs });
  }
  const last = Math.max(0, ...laid.map(({ until }) => until));
  await wait(Math.max(0, last - Date.now()));
}

async function untilDrained(
  world: World,
  accepted: number,
  tell: (line: string) => void,
): Promise<string[]> {
  let until = Date.now() + STILL_MS;
  for (let told = -1; ;) {
    const claims = await readTable(world.storage, 'claims', "RowKey eq 'claim'");
    const closed = claims.filter(({ state }) => state === 'closed').length;
    if (closed !== told) {
      tell(`${closed} of ${accepted} closed`);
      until = Date.now() + STILL_MS;
    }
    told = closed;
    if (closed >= accepted && (await world.isIdle())) return [];
    if (Date.now() > until) return [`the backlog stood still for ${STILL_MS / 1000} s`];
    await wait(1000);
  }
}
