import { setTimeout as wait } from 'node:timers/promises';
import type { RequestStatus } from '../domain/workflow/step-outcome';
import type { AssignmentRequest } from './answers';
import type { LogLine } from '../log';
import { GraphError } from './errors';
import { inScope } from './permissions';
import { isOpen } from './states';

/*
 * One board of open requests per process. Runs ask for their requests, each in its own time; the board lists what was made
 * since the oldest of them, at most every so often, and answers from that list. It proves only what it shows: everything else
 * is read singly, so a list that lags, skips or repeats entries never ends anything. docs: docs/decisions/0016-a-board-of-open-requests.md
 */

/** How far a request has come, by the board or by a read of its own. */
export type ShownRequest = Pick<
  AssignmentRequest,
  'requestStatus' | 'state' | 'completedDateTime' | 'assignmentId' | 'assignmentStatus'
>;

/** As many asked for within one period are read singly: a call a second, and each end is known at once. */
const FEW = 10;
/** Entries of one page, as far as is known: a list is worth its pages only if it saves more reads than that. */
const PAGE = 100;
/** From so many entries on, lists are three times as far apart, and nobody waits for one. */
const BULK = 1_000;
const BULK_PERIODS = 3;
/** Older requests leave the list and are read singly, so that one which waits for weeks costs no pages. */
const WINDOW_MS = 10 * 60_000;
/** By so much a request may have been made before its submit was answered, by Graph's clock. */
const CLOCKS_MS = 60_000;
/** Who asks while a short list is being read waits for it so long. */
const MOST_WAIT_MS = 2_000;
/** What the board has not seen for so many periods is read singly. */
const STALE_PERIODS = 2 * BULK_PERIODS;
/** After a list that failed, requests are read singly for so many periods. */
const FAILED_PERIODS = 10;
/** A request that nobody has asked for so long is no longer watched. */
const FORGOTTEN_MS = 5 * 60_000;

type Watched = {
  submittedAt: number;
  askedAt: number;
  /** What was last told of it, and when that was so. */
  told?: ShownRequest;
  toldAt: number;
};

type List = {
  beganAt: number;
  /** It shows what was made after this. */
  since: number;
  /** `disputed`: shown twice, and not the same both times. */
  entries: Map<string, ShownRequest | 'disputed'>;
};

export type RequestBoard = ReturnType<typeof createRequestBoard>;

/** `everyMs`: how far two lists are apart. `lagMs`: how long a list may not show a request that was just made. */
export function createRequestBoard(
  graph: { progressSince: (since: string) => AsyncIterable<AssignmentRequest> | undefined },
  { everyMs, lagMs }: { everyMs: number; lagMs: number },
) {
  const watched = new Map<string, Watched>();
  /** When requests were asked for in the last period, in that order. */
  const asked = new Map<string, number>();
  const news: LogLine[] = [];
  let last: List | undefined;
  let running: { list: List; whole: Promise<unknown> } | undefined;
  let isSupported = true;
  let notBefore = 0;
  let failedUntil = 0;

  /** Notes that the request is asked for. Undefined where it is too old for the board. */
  const watch = (id: string, submittedAt: string | undefined, now: number): Watched | undefined => {
    const at = Date.parse(submittedAt ?? '');
    if (!(now - at < WINDOW_MS)) {
      watched.delete(id);
      return undefined;
    }
    const known = watched.get(id) ?? { toldAt: 0 };
    const one = { ...known, submittedAt: at, askedAt: now };
    watched.delete(id);
    watched.set(id, one);
    for (const [other, { askedAt }] of watched) {
      if (now - askedAt < FORGOTTEN_MS) break;
      watched.delete(other);
    }
    asked.delete(id);
    asked.set(id, now);
    for (const [other, then] of asked) {
      if (now - then < everyMs) break;
      asked.delete(other);
    }
    return one;
  };

  const isWorthIt = (now: number): boolean =>
    isSupported &&
    now >= failedUntil &&
    asked.size > Math.max(FEW, (last?.entries.size ?? 0) / PAGE);

  const readList = async (list: List): Promise<void> => {
    try {
      const entries = graph.progressSince(new Date(list.since).toISOString());
      isSupported = entries !== undefined;
      if (!entries) return;
      for await (const entry of entries) {
        const before = list.entries.get(entry.id);
        const isDisputed = before !== undefined && !isSame(before, entry);
        list.entries.set(entry.id, isDisputed ? 'disputed' : progressOf(entry));
      }
      last = list;
    } catch (error) {
      const code = error instanceof GraphError ? error.fault.code : 'defect';
      // Nothing is wrong with the list, and single reads would cost more of what is scarce.
      if (code === 'rate-budget') return;
      failedUntil = Date.now() + FAILED_PERIODS * everyMs;
      news.push({ what: 'board-not-readable', code });
    } finally {
      const isBulk = list.entries.size > BULK;
      notBefore = list.beganAt + everyMs * (isBulk ? BULK_PERIODS : 1);
      running = undefined;
    }
  };

  const listIfDue = (now: number): void => {
    if (running || now < notBefore) return;
    let oldest = now;
    for (const [id, { submittedAt }] of watched) {
      if (now - submittedAt > WINDOW_MS) watched.delete(id);
      else oldest = Math.min(oldest, submittedAt);
    }
    const list: List = { beganAt: now, since: oldest - CLOCKS_MS, entries: new Map() };
    // The list is of the tenant. Where the caller may not read it, single reads do, so that is no news of a permission.
    const whole = inScope({ catalog: undefined, isOptional: true }, () => readList(list));
    running = { list, whole };
  };

  /** Whether the list, once it is whole, must show the request. */
  const shouldShow = (list: List, { submittedAt }: Watched): boolean =>
    list.beganAt >= submittedAt + lagMs && list.since <= submittedAt - CLOCKS_MS;

  const tell = (id: string, one: Watched, told: ShownRequest, toldAt: number): ShownRequest => {
    if (isOpen(told.requestStatus)) watched.set(id, { ...one, told, toldAt });
    else watched.delete(id);
    return told;
  };

  /** What the lists say that are newer than what is known: `unseen` if nothing, `read` if a read of its own must tell. */
  const judge = (id: string, one: Watched): ShownRequest | 'unseen' | 'read' => {
    for (const list of [running?.list, last]) {
      if (!list || list.beganAt <= one.toldAt || isStale(list.beganAt)) continue;
      const entry = list.entries.get(id);
      if (entry && (entry === 'disputed' || !isProof(entry, one.told))) return 'read';
      if (entry) return tell(id, one, entry, list.beganAt);
      if (list === last && shouldShow(list, one)) return 'read';
    }
    return 'unseen';
  };
  const isStale = (at: number): boolean => Date.now() - at > STALE_PERIODS * everyMs;

  return {
    /** How far the request has come; undefined if it must be read singly. `submittedAt`: when it was made (ISO 8601). */
    look: async (
      id: string,
      submittedAt: string | undefined,
    ): Promise<ShownRequest | undefined> => {
      const now = Date.now();
      const one = watch(id, submittedAt, now);
      if (!one || !isWorthIt(now)) return undefined;
      listIfDue(now);
      let judged = judge(id, one);
      const isShort = (last?.entries.size ?? 0) <= BULK;
      if (judged === 'unseen' && running && isShort && shouldShow(running.list, one)) {
        await Promise.race([running.whole, wait(MOST_WAIT_MS, undefined, { ref: false })]);
        judged = judge(id, one);
      }
      if (judged === 'read' || now < failedUntil || !isSupported) return undefined;
      if (judged !== 'unseen') return judged;
      const { told = JUST_MADE, toldAt, submittedAt: madeAt } = one;
      const isKnown = !isStale(Math.max(toldAt, madeAt)) && isUnderWay(told.requestStatus);
      return isKnown ? told : undefined;
    },
    /** What a read of its own has told of a request. */
    learn: (id: string, { requestStatus, graphState }: Learned): void => {
      const one = watched.get(id);
      if (one) tell(id, one, { ...JUST_MADE, requestStatus, state: graphState }, Date.now());
    },
    /** What is to be logged of lists that failed, once. */
    takeNews: (): LogLine[] => news.splice(0),
  };
}

type Learned = { requestStatus: RequestStatus; graphState: string };

/** Nothing is known of it but that Graph has taken it. */
const JUST_MADE: ShownRequest = {
  ...{ requestStatus: 'open', state: 'submitted', completedDateTime: undefined },
  ...{ assignmentId: undefined, assignmentStatus: undefined },
};

/** States that end nothing, whenever they were true. */
const isUnderWay = (status: RequestStatus): boolean =>
  status === 'open' || status === 'scheduled' || status === 'waiting-for-callback';

/** Whether a list proves it: what is under way and not behind what is known, and a delivery with its assignment. */
function isProof(entry: ShownRequest, told: ShownRequest | undefined): boolean {
  if (entry.requestStatus === 'delivered') return entry.assignmentStatus === 'delivered';
  return isUnderWay(entry.requestStatus) && (!told || rankOf(entry) >= rankOf(told));
}

const ranks = ['submitted', 'accepted', 'scheduled', 'pendingapproval', 'delivering'];
/** How far a request is on its way. What a state is that is not on the way is no matter of its rank. */
const rankOf = ({ state = '' }: ShownRequest): number => {
  const rank = ranks.indexOf(state.toLowerCase());
  return rank === -1 ? ranks.length : rank;
};

const progressOf = (entry: AssignmentRequest): ShownRequest => {
  const { requestStatus, state, completedDateTime, assignmentId, assignmentStatus } = entry;
  return { requestStatus, state, completedDateTime, assignmentId, assignmentStatus };
};

const isSame = (one: ShownRequest | 'disputed', other: ShownRequest): boolean =>
  one !== 'disputed' &&
  one.state === other.state &&
  one.assignmentStatus === other.assignmentStatus;
