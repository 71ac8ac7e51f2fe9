import { isDeepStrictEqual } from 'node:util';
import { eventually } from '../../support/eventually';
import type { TestMessage } from '../../support/events';
import { readTable, type Row } from '../../support/tables';
import { collectEvidence } from '../invariants/evidence';
import { heldByPerson } from '../invariants/holders';
import { json, text } from '../invariants/rows';
import { violations } from '../invariants/violations';
import { tenantOf } from '../model';
import { BY_HAND } from '../reconciliation';
import { startProxiedStack, type ProxiedStack } from '../proxies/proxied-stack';
import {
  firstAndLast,
  nameCalls,
  nameOf,
  textOf,
  type CrashPoint,
  type NamedCall,
} from './crash-points';
import type { Scenario } from './scenario';

/** The result of one kill: whether its point was reached, and the faults after the restart. */
export type Crash = { isHit: boolean; faults: string[] };

/** A stack for one kind of event. Each event gets a host that was started for it, so that all start from the same state. */
export type Sweep = {
  /** The calls of one event, recorded until two events in a row make the same ones. */
  record: () => Promise<NamedCall[]>;
  /** Sends one event, kills the host at this point, starts it again, waits for the end and checks the invariants. */
  crashAt: (point: CrashPoint) => Promise<Crash>;
  stop: () => Promise<void>;
};

/** More events than a sweep of one kind needs. */
const EVENTS = 400;
/** A busy machine polls once more or less often: a call that one event did not make may come with the next one. */
const EVENTS_PER_POINT = 3;
const RECORDINGS = 6;
const END_WITHIN_SECONDS = 90;

/**
 * Short waits and no lag, so that two events of one kind make the same calls; the lease of a catalog is two deadlines. The
 * supervisor reads tables on a schedule of its own, so it does not run: events must end without it. Everybody may leave.
 */
const settings = {
  GRAPH_LAG_MS: '0',
  GRAPH_LAG: '100ms',
  GRAPH_DELIVERY_MS: '20',
  GRAPH_DEADLINE: '1500ms',
  POLL_SCHEDULE: '500ms',
  CALL_PATIENCE: '1m',
  SUPERVISE_SCHEDULE: '0 0 0 29 2 *',
  REMOVAL_SETTLE: '0s',
  REMOVAL_LIMIT: String(EVENTS),
  REMOVAL_PERCENT: '100',
};

/** Starts a stack and lets one event end in it. That event creates what all others of its kind find. */
export async function openSweep(scenario: Scenario): Promise<Sweep> {
  const stack = await startProxiedStack({
    env: { ...settings, ...scenario.env, GRAPH_DIALECT: scenario.dialect },
    files: {
      ...scenario.files,
      ACCESS_MODEL: scenario.model(EVENTS),
      GRAPH_TENANT: tenantOf(scenario.people ?? EVENTS),
    },
  });
  const sent: TestMessage[] = [];
  let events = 0;
  const send = async (event: TestMessage): Promise<TestMessage> => {
    sent.push(event);
    await stack.send([event.body]);
    return event;
  };
  /** The next event, after what comes before it. */
  const nextEvent = async (): Promise<TestMessage> => {
    const n = events;
    events += 1;
    for (const before of scenario.before?.(n) ?? []) await untilEnded(stack, await send(before));
    await scenario.prepare?.(stack, n);
    return scenario.event(n);
  };
  /** Waits until the last event has ended, and all that it has made. */
  const untilAllEnded = async (event: TestMessage): Promise<void> => {
    await untilEnded(stack, event);
    for (const made of scenario.makes?.(events - 1) ?? []) await untilEnded(stack, made);
  };
  try {
    await untilAllEnded(await send(await nextEvent()));
  } catch (error) {
    await stack.stop();
    throw error;
  }
  const callsOfOne = async (): Promise<NamedCall[]> => {
    const event = await nextEvent();
    await renewHost(stack);
    stack.tap.intercept();
    await untilAllEnded(await send(event));
    const calls = nameCalls(stack.tap.calls().filter(({ what }) => !COMES_WITH_TIME.has(what)));
    return scenario.hasLoops ? firstAndLast(calls) : calls;
  };

  const crashOnce = async (point: CrashPoint): Promise<Crash> => {
    const event = await nextEvent();
    await renewHost(stack);
    const crash = killAt(stack, point);
    await send(event);
    const end = untilAllEnded(event);
    // This wait fails when the host is dead, because it calls the host.
    end.catch(() => undefined);
    const isHit = await Promise.race([crash.then(() => true), end.then(() => false)]);
    stack.tap.intercept();
    if (isHit) {
      await stack.exited('host');
      await stack.start('host');
      await untilAllEnded(event);
    }
    return { isHit, faults: await faultsAfter(stack, scenario, events, sent) };
  };

  return {
    record: () => recordUntilEqual(callsOfOne, scenario.hasLoops),
    crashAt: async (point) => {
      for (let left = EVENTS_PER_POINT; left > 0; left -= 1) {
        const crash = await crashOnce(point);
        if (crash.isHit || crash.faults.length > 0) return crash;
      }
      const missed = `never reached: ${EVENTS_PER_POINT} events ended without ${textOf(point)}`;
      return { isHit: false, faults: [missed] };
    },
    stop: stack.stop,
  };
}

/** Stops the host in order and starts it. Resolves when the bus has answered its token, just before it starts to listen. */
async function renewHost(stack: ProxiedStack): Promise<void> {
  await stack.kill('host', 'SIGTERM');
  stack.tap.intercept();
  await stack.start('host');
  await until(stack, 'the host is connected to the bus', () =>
    stack.tap.calls().some(({ what }) => what === 'authorize'),
  );
}

/** Kills the host at that call of the next event, and resolves then. */
function killAt(stack: ProxiedStack, { to, name, nth, side }: CrashPoint): Promise<void> {
  return new Promise((resolve) => {
    const onFault = (): void => {
      stack.signal('host', 'SIGKILL');
      resolve();
    };
    let count = 0;
    stack.tap.intercept((call) => {
      if (call.to !== to || nameOf(call) !== name || (count += 1) !== nth) return undefined;
      return { kind: side === 'before' ? 'cut-before' : 'cut-after', onFault };
    });
  });
}

/** Calls to the bus for renewed locks and for looks at the queue: they come with time, not with an event. */
const COMES_WITH_TIME = new Set(['manage', 'authorize']);

/** Of loops only the first calls have to be equal: how often a call comes may depend on the time that it takes. */
async function recordUntilEqual(
  callsOfOne: () => Promise<NamedCall[]>,
  hasLoops = false,
): Promise<NamedCall[]> {
  const only = (some: readonly NamedCall[], others: readonly NamedCall[]): NamedCall[] => {
    const known = new Set(others.map(textOf));
    return some.filter((one) => !known.has(textOf(one)));
  };
  let before = await callsOfOne();
  let differing: NamedCall[] = [];
  for (let left = RECORDINGS - 1; left > 0; left -= 1) {
    const calls = await callsOfOne();
    const added = only(calls, before);
    differing = [...added, ...only(before, calls)].filter(({ nth }) => !hasLoops || nth === 1);
    if (differing.length === 0) return only(calls, added);
    before = calls;
  }
  const what = `no two in a row of ${RECORDINGS} events of one kind made the same calls`;
  throw new Error([what, 'the last two differ in', ...differing.map(textOf)].join('\n'));
}

/** However often the host was killed, an event ends as any other of its kind. */
async function faultsAfter(
  stack: ProxiedStack,
  scenario: Scenario,
  events: number,
  sent: readonly TestMessage[],
): Promise<string[]> {
  const evidence = await collectEvidence(stack);
  const held = Object.fromEntries(heldByPerson(evidence));
  const ends = Array.from({ length: events }, (_, n) => {
    const { eventHash } = scenario.event(n);
    const claim = evidence.tables.claims.find(
      ({ partitionKey, rowKey }) => partitionKey === eventHash && rowKey === 'claim',
    );
    const outcome = text(claim, 'outcome');
    return outcome === scenario.outcome ? [] : [`${eventHash} ended as ${outcome}`];
  });
  const isHeld = isDeepStrictEqual(held, scenario.held(events));
  return [
    ...violations(evidence, { sent, others: [BY_HAND] }),
    ...ends.flat(),
    ...(isHeld ? [] : [`in the end people hold ${JSON.stringify(held)}`]),
    ...((await scenario.faults?.(stack, events - 1)) ?? []),
  ];
}

/** Waits for `check`. Throws with the last lines of the log if it takes too long. */
const until = (stack: ProxiedStack, what: string, check: () => Promise<boolean> | boolean) =>
  eventually(what, check, {
    seconds: END_WITHIN_SECONDS,
    everyMs: 50,
    details: () => stack.log.slice(-40).join('\n'),
  });

/**
 * Waits until nothing is left to do for an event: its claim is closed, its row in `due` is gone, the worker lock is free,
 * the queue is empty and the run has ended, so that a host that starts afterwards makes no call for it.
 */
function untilEnded(
  stack: ProxiedStack,
  event: TestMessage | { eventHash: string; workerId: string },
): Promise<true> {
  const { eventHash } = event;
  const workerId = 'body' in event ? subjectOf(event) : event.workerId;
  const read = (table: string, partition: string, key: string): Promise<Row[]> =>
    readTable(stack.storage, table, `PartitionKey eq '${partition}' and RowKey eq '${key}'`);
  return until(stack, `the end of ${eventHash}`, async () => {
    const [claim] = await read('claims', eventHash, 'claim');
    if (claim?.['state'] !== 'closed') return false;
    const { partition = '', key = '' } = json<{ partition: string; key: string }>(claim, 'due');
    const due = await read('due', partition, key);
    const [lock] = workerId === undefined ? [] : await read('workers', workerId, 'lock');
    const isFree = due.length === 0 && !lock?.['holder'];
    return isFree && (await isCompleted(stack, `${eventHash}-1`)) && (await stack.isQueueEmpty());
  });
}

const subjectOf = ({ body }: TestMessage): string | undefined =>
  (JSON.parse(body.toString()) as { subject?: string }).subject;

/** Asks the management API of the host, which Azure has too. */
async function isCompleted({ hostUrl }: ProxiedStack, instanceId: string): Promise<boolean> {
  const answer = await fetch(
    `${hostUrl}/runtime/webhooks/durabletask/instances/${instanceId}?code=local`,
  );
  const { runtimeStatus } = (await answer.json()) as { runtimeStatus?: string };
  return runtimeStatus === 'Completed';
}
