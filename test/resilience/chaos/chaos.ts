import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../../support/eventually';
import type { TestMessage } from '../../support/events';
import { seeded } from '../../support/seeded';
import { readTable } from '../../support/tables';
import { collectEvidence, type Evidence } from '../invariants/evidence';
import { heldByPerson } from '../invariants/holders';
import { violations } from '../invariants/violations';
import { tenantOf } from '../model';
import { startProxiedStack, type ProxiedStack } from '../proxies/proxied-stack';
import { canaries, chaosModel, messagesOf } from './messages';
import { scheduleOf, type CallFault, type ProcessFault, type Schedule } from './schedule';

export type ChaosOptions = {
  events: number;
  seconds: number;
  seed: number;
  print: (line: string) => void;
};

/** What was done, how the events ended, and every violation. */
export type ChaosResult = {
  kills: number;
  freezes: number;
  /** Periods in which calls failed. */
  callFaults: number;
  /** Valid events; each was sent at least once. */
  accepted: number;
  refused: number;
  /** The number of events by outcome. */
  outcomes: Record<string, number>;
  faults: string[];
};

/** A backlog is stuck, even on a slow machine, when no event is closed for this long and no audit row is added for as long after it. */
const STALLED_MS = 90_000;

const settings = {
  GRAPH_LAG: '300ms',
  GRAPH_DEADLINE: '5s',
  POLL_SCHEDULE: '500ms 1s 2s<1m 5s',
  CALL_PATIENCE: '1h',
  DELIVERY_DEADLINE: '1h',
  // Everybody may leave.
  REMOVAL_SETTLE: '1s',
  REMOVAL_LIMIT: '1000000',
  REMOVAL_PERCENT: '100',
};

/** Sends events while processes die and calls fail, as drawn from the seed; then waits for the end and checks the invariants. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { events, seconds, seed, print } = options;
  const schedule = scheduleOf(seconds, seed);
  const { sent, messages, ends } = messagesOf(events, seed);
  const stack = await startProxiedStack({
    env: { ...settings, GRAPH_SEED: String(seed) },
    files: { ACCESS_MODEL: chaosModel(), GRAPH_TENANT: tenantOf(events) },
  });
  try {
    const began = Date.now();
    const printTime = (line: string): void =>
      print(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);
    await Promise.all([
      sendAll(stack, messages, seconds * 800),
      hitProcesses(stack, schedule.processFaults, began, printTime),
      failCalls(stack, schedule.callFaults, began, seed, printTime),
    ]);
    stack.tap.intercept();
    printTime('the faults are over; waiting for the backlog');
    const accepted = sent.filter(({ expect }) => expect === 'accepted').length;
    const stalled = await untilDrained(stack, accepted, printTime);
    const evidence = await collectEvidence(stack);
    const faults = [...violations(evidence, { sent, canaries }), ...endFaults(evidence, ends)];
    return {
      ...countsOf(schedule),
      accepted,
      refused: sent.length - accepted,
      outcomes: outcomesOf(evidence),
      faults: [...stalled, ...faults],
    };
  } finally {
    await stack.stop();
  }
}

/** Whatever order the events came in, everybody has in the end what the last word of HR gives. */
function endFaults(evidence: Evidence, ends: ReadonlyMap<string, string[]>): string[] {
  const held = heldByPerson(evidence);
  return [...ends].flatMap(([worker, expected]) => {
    const packages = held.get(worker)?.join() ?? '';
    if (packages === expected.join()) return [];
    return [`${worker} has [${packages}] in the end, not [${expected.join()}]`];
  });
}

const countsOf = ({ processFaults, callFaults }: Schedule) => ({
  kills: processFaults.filter(({ kind }) => kind === 'kill').length,
  freezes: processFaults.filter(({ kind }) => kind === 'freeze').length,
  callFaults: callFaults.length,
});

function outcomesOf({ tables }: Evidence): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, outcome } of tables.audit) {
    if (kind === 'closing') counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1;
  }
  return counts;
}

/** Sends a failed batch again. A bus that died may have stored it already, and then has it twice. */
async function sendAll(
  stack: ProxiedStack,
  messages: readonly TestMessage[],
  withinMs: number,
): Promise<void> {
  const batch = Math.max(1, Math.ceil(messages.length / (withinMs / 500)));
  for (let at = 0; at < messages.length; at += batch) {
    const bodies = messages.slice(at, at + batch).map(({ body }) => body);
    for (let isSent = false; !isSent;) {
      isSent = await stack.send(bodies).then(
        () => true,
        () => false,
      );
      await wait(500);
    }
  }
}

/** Kills and freezes processes one after another: each runs again before the next is hit. */
async function hitProcesses(
  stack: ProxiedStack,
  faults: Schedule['processFaults'],
  began: number,
  print: (line: string) => void,
): Promise<void> {
  for (const fault of faults) {
    await wait(Math.max(0, began + fault.at - Date.now()));
    print(`${fault.kind} ${fault.part}, ${fault.pauseMs} ms`);
    await hitProcess(stack, fault);
  }
}

async function hitProcess(
  stack: ProxiedStack,
  { part, kind, pauseMs }: ProcessFault,
): Promise<void> {
  if (kind === 'freeze') {
    stack.signal(part, 'SIGSTOP');
    await wait(pauseMs);
    stack.signal(part, 'SIGCONT');
    return;
  }
  await stack.kill(part);
  await wait(pauseMs);
  await stack.start(part);
}

/** Makes calls fail for each period of the schedule. Where periods of one dependency overlap, the latest counts. */
async function failCalls(
  stack: ProxiedStack,
  faults: Schedule['callFaults'],
  began: number,
  seed: number,
  print: (line: string) => void,
): Promise<void> {
  const random = seeded(seed ^ 0xca57);
  const started: (CallFault & { until: number })[] = [];
  stack.tap.intercept(({ to }) => {
    const current = started.findLast((one) => one.to === to && one.until > Date.now());
    return current && random.between(1, current.oneIn) === 1 ? current.fault : undefined;
  });
  for (const callFault of faults) {
    await wait(Math.max(0, began + callFault.at - Date.now()));
    const { to, fault, oneIn, lastsMs } = callFault;
    print(`${fault.kind} one in ${oneIn} calls to ${to} for ${lastsMs} ms`);
    started.push({ ...callFault, until: Date.now() + lastsMs });
  }
  const last = Math.max(0, ...started.map(({ until }) => until));
  await wait(Math.max(0, last - Date.now()));
}

/** Waits until all events are closed and the queue is empty. Answers a fault, and prints a diagnosis, if the backlog is stuck. */
async function untilDrained(
  stack: ProxiedStack,
  accepted: number,
  print: (line: string) => void,
): Promise<string[]> {
  let stalledAt = Date.now() + STALLED_MS;
  let closedBefore = -1;
  let rowsBefore = -1;
  const isDrained = async (): Promise<'drained' | 'stalled' | undefined> => {
    const claims = await readTable(stack.storage, 'claims', "RowKey eq 'claim'");
    const closed = claims.filter(({ state }) => state === 'closed').length;
    if (closed !== closedBefore) {
      print(`${closed} of ${accepted} closed`);
      stalledAt = Date.now() + STALLED_MS;
    }
    closedBefore = closed;
    if (closed >= accepted && (await stack.isQueueEmpty())) return 'drained';
    if (Date.now() < stalledAt) return undefined;
    const rows = (await readTable(stack.storage, 'audit')).length;
    if (rows === rowsBefore) return 'stalled';
    rowsBefore = rows;
    stalledAt = Date.now() + STALLED_MS;
    return undefined;
  };
  const end = await eventually('the backlog is drained or stalled', isDrained, {
    seconds: Infinity,
    everyMs: 1000,
  });
  if (end === 'drained') return [];
  await diagnose(stack, print);
  return [`no event was closed and no audit row added for ${STALLED_MS / 1000} s`];
}

/** Prints what host and bus work on: slots and settlements, messages, locks and credit. */
async function diagnose(stack: ProxiedStack, print: (line: string) => void): Promise<void> {
  const printed = stack.log.length;
  const parts = ['host', 'service-bus'] as const;
  for (const part of parts) stack.signal(part, 'SIGUSR2');
  const stateLines = (): string[] =>
    stack.log.slice(printed).filter((line) => /^(host|service-bus): state: /.test(line));
  const all = () => parts.every((part) => stateLines().some((line) => line.startsWith(part)));
  await eventually('the diagnosis is printed', all).catch(() => undefined);
  for (const line of [...stateLines(), ...stack.log.slice(-20)]) print(line);
}
