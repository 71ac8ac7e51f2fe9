import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { cpuMsOf, fastestOf } from '../../support/cpu-cost';
import { anyCase } from './cases';
import { evaluate, readBody, type Read } from './evaluate';
import type { Case } from './mutation';

/** Counts by family and answer: `accepted` or the reason. */
export type Counts = Record<string, Record<string, number>>;

export type Cost = { cpuMs: number; bytes: number; what: string };

export type CounterExample = { family: string; changes: string[]; body: Uint8Array; wrong: string };

export type FuzzReport = {
  seed: number;
  events: number;
  counts: Counts;
  /** The slowest answers: to all but bodies with spans, and to those. */
  worst: Cost;
  worstOfSpans: Cost;
  failure?: CounterExample;
};

export type FuzzOptions = {
  events: number;
  seed: number;
  /** The reader under test; the intake's unless given. */
  read?: Read;
  /** Called once for every case, with the number of cases so far. */
  onCase?: (one: Case, done: number) => void;
};

/** Reads `events` bodies made from the seed and evaluates every answer. A failure has the smallest body that shows it. */
export function runFuzz({ events, seed, read = readBody, onCase }: FuzzOptions): FuzzReport {
  const counts: Counts = {};
  const cost = trackCost((one: Case) => read(one.body), MOST_CPU_MS);
  const costOfSpans = trackCost((one: Case) => read(one.body), MOST_CPU_MS_OF_SPANS);
  let done = 0;
  let failed = false;
  const attempt = (one: Case): void => {
    const began = performance.now();
    const answer = read(one.body);
    const took = performance.now() - began;
    const isSame = isDeepStrictEqual(read(one.body), answer);
    const wrong = isSame ? evaluate(one, answer) : 'a second read gave another answer';
    // From here on fast-check only searches for a smaller body that fails too.
    if (wrong !== undefined) failed = true;
    if (wrong !== undefined) throw new WrongAnswer(wrong);
    if (failed) return;
    (Buffer.from(one.body).includes('"spans"') ? costOfSpans : cost).measure(one, took);
    const family = (counts[one.family] ??= {});
    const end = answer.kind === 'accepted' ? 'accepted' : answer.reason;
    family[end] = (family[end] ?? 0) + 1;
    done += 1;
    onCase?.(one, done);
  };
  const run = fc.check(fc.property(anyCase, attempt), { numRuns: events, seed });
  const [worst, worstOfSpans] = [cost.worst(), costOfSpans.worst()];
  const failure = run.failed
    ? counterExample(run)
    : (tooSlow(worst, MOST_CPU_MS) ?? tooSlow(worstOfSpans, MOST_CPU_MS_OF_SPANS));
  return {
    ...{ seed, events: done, counts },
    ...{ worst: asCost(worst), worstOfSpans: asCost(worstOfSpans) },
    ...(failure && { failure }),
  };
}

class WrongAnswer extends Error {
  override name = 'WrongAnswer';
}

function counterExample({ counterexample, errorInstance }: fc.RunDetails<[Case]>): CounterExample {
  const [{ family, changes, body }] = counterexample ?? [
    { family: '', changes: [], body: Buffer.of() },
  ];
  const isWrongAnswer = errorInstance instanceof WrongAnswer;
  const wrong = isWrongAnswer ? errorInstance.message : `threw ${String(errorInstance)}`;
  return { family, changes, body, wrong };
}

const asCost = (worst: Worst<Case> | undefined): Cost => ({
  cpuMs: worst?.cpuMs ?? 0,
  bytes: worst?.item.body.length ?? 0,
  what: nameOf(worst?.item),
});

function tooSlow(worst: Worst<Case> | undefined, below: number): CounterExample | undefined {
  if (!worst || worst.cpuMs < below) return undefined;
  const { family, changes, body } = worst.item;
  return { family, changes, body, wrong: `took ${worst.cpuMs} ms of CPU` };
}

const nameOf = (one: Case | undefined): string =>
  one === undefined ? 'nothing' : [one.family, ...one.changes].join(', ');

/** The CPU that one validation may take at 64 KiB, in milliseconds. */
const MOST_CPU_MS = 5;
/** As many spans as fit into 64 KiB are hundreds of small events. */
const MOST_CPU_MS_OF_SPANS = 30;

type Worst<Item> = { cpuMs: number; item: Item };

/**
 * Finds the item that costs most CPU. One measurement is cheap but noisy, so an item that seems slower than the worst so
 * far is measured again, best of several, before it counts.
 */
function trackCost<Item>(run: (item: Item) => unknown, below: number) {
  let worst: Worst<Item> | undefined;
  return {
    measure: (item: Item, tookMs: number): void => {
      if (worst && tookMs <= worst.cpuMs) return;
      const cpuMs = fastestOf(() => run(item), 5);
      if (!worst || cpuMs > worst.cpuMs) worst = { cpuMs, item };
    },
    worst: (): Worst<Item> | undefined =>
      worst && { ...worst, cpuMs: cpuMsOf(() => run(worst?.item as Item), below) },
  };
}

/** The report of a run as text. */
export function formatReport(report: FuzzReport): string {
  const { seed, events, counts, worst, worstOfSpans, failure } = report;
  const lines = Object.entries(counts).map(([family, ends]) => lineOf(family, ends));
  const cost = `worst validation: ${textOf(worst)}; with spans: ${textOf(worstOfSpans)}`;
  const result = failure ? formatFailure(failure) : 'every body was answered as the contract says';
  return [...lines, `${events} bodies, seed ${seed}`, cost, result].join('\n');
}

const textOf = ({ cpuMs, bytes, what }: Cost): string =>
  `${cpuMs.toFixed(2)} ms of CPU at ${bytes} bytes (${what})`;

function lineOf(family: string, ends: Record<string, number>): string {
  const byCount = Object.entries(ends).toSorted(([, one], [, other]) => other - one);
  const total = byCount.reduce((sum, [, count]) => sum + count, 0);
  const answers = byCount.map(([end, count]) => `${end} ${count}`).join(', ');
  return `${family.padEnd(24)} ${String(total).padStart(7)}  ${answers}`;
}

const MOST_SHOWN = 2000;

function formatFailure({ family, changes, body, wrong }: CounterExample): string {
  const text = JSON.stringify(Buffer.from(body).toString());
  const shown =
    text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}... (${body.length} bytes)` : text;
  return `WRONG: ${wrong}\n  family ${[family, ...changes].join(', ')}\n  body ${shown}`;
}
