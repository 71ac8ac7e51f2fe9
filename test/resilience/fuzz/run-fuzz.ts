import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { anyCase } from './cases';
import { MOST_CPU_MS, watchCost } from './cost';
import { judge, readIt, type Read } from './judge';
import type { Case } from './sent';

/** Counts by family, and in it by what became of the body: `accepted` or the reason. */
export type Counts = Record<string, Record<string, number>>;

export type CounterExample = { family: string; changes: string[]; body: Uint8Array; wrong: string };

export type FuzzReport = {
  seed: number;
  events: number;
  counts: Counts;
  worst: { cpuMs: number; bytes: number; what: string };
  failure?: CounterExample;
};

export type FuzzOptions = {
  events: number;
  seed: number;
  /** What is held to the contract; the intake's reader unless a test wants another. */
  read?: Read;
  /** Is shown every case once, and how many there were. */
  watch?: (one: Case, done: number) => void;
};

/** Reads so many bodies made from a seed and judges every answer. A failure comes with the smallest body that shows it. */
export function runFuzz({ events, seed, read = readIt, watch }: FuzzOptions): FuzzReport {
  const counts: Counts = {};
  const cost = watchCost((one: Case) => read(one.body));
  let done = 0;
  let failed = false;
  const attempt = (one: Case): void => {
    const began = performance.now();
    const answer = read(one.body);
    const took = performance.now() - began;
    const isSame = isDeepStrictEqual(read(one.body), answer);
    const wrong = isSame ? judge(one, answer) : 'read again, answered otherwise';
    // From here on fast-check only looks for a smaller body that fails as well.
    if (wrong !== undefined) failed = true;
    if (wrong !== undefined) throw new Wrong(wrong);
    if (failed) return;
    cost.look(one, took);
    const family = (counts[one.family] ??= {});
    const end = answer.kind === 'accepted' ? 'accepted' : answer.reason;
    family[end] = (family[end] ?? 0) + 1;
    done += 1;
    watch?.(one, done);
  };
  const run = fc.check(fc.property(anyCase, attempt), { numRuns: events, seed });
  const worst = cost.worst();
  const failure = run.failed ? counterExample(run) : tooSlow(worst);
  return {
    ...{ seed, events: done, counts },
    worst: {
      cpuMs: worst?.cpuMs ?? 0,
      bytes: worst?.item.body.length ?? 0,
      what: nameOf(worst?.item),
    },
    ...(failure && { failure }),
  };
}

class Wrong extends Error {
  override name = 'Wrong';
}

function counterExample({ counterexample, errorInstance }: fc.RunDetails<[Case]>): CounterExample {
  const [{ family, changes, body }] = counterexample ?? [
    { family: '', changes: [], body: Buffer.of() },
  ];
  const isOurs = errorInstance instanceof Wrong;
  const wrong = isOurs ? errorInstance.message : `threw ${String(errorInstance)}`;
  return { family, changes, body, wrong };
}

function tooSlow(worst: { cpuMs: number; item: Case } | undefined): CounterExample | undefined {
  if (!worst || worst.cpuMs < MOST_CPU_MS) return undefined;
  const { family, changes, body } = worst.item;
  return { family, changes, body, wrong: `took ${worst.cpuMs} ms of CPU` };
}

const nameOf = (one: Case | undefined): string =>
  one === undefined ? 'nothing' : [one.family, ...one.changes].join(', ');
