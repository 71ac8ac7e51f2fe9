import type { CounterExample, FuzzReport } from './run-fuzz';

/** What a person reads at the end of a run. */
export function printed({ seed, events, counts, worst, failure }: FuzzReport): string {
  const lines = Object.entries(counts).map(([family, ends]) => lineOf(family, ends));
  const cost = `worst validation: ${worst.cpuMs.toFixed(2)} ms of CPU at ${worst.bytes} bytes (${worst.what})`;
  const verdict = failure
    ? toldFailure(failure)
    : 'no body was answered otherwise than the contract says';
  return [...lines, `${events} bodies, seed ${seed}`, cost, verdict].join('\n');
}

function lineOf(family: string, ends: Record<string, number>): string {
  const byCount = Object.entries(ends).toSorted(([, one], [, other]) => other - one);
  const total = byCount.reduce((sum, [, count]) => sum + count, 0);
  const told = byCount.map(([end, count]) => `${end} ${count}`).join(', ');
  return `${family.padEnd(24)} ${String(total).padStart(7)}  ${told}`;
}

const MOST_SHOWN = 2000;

function toldFailure({ family, changes, body, wrong }: CounterExample): string {
  const text = JSON.stringify(Buffer.from(body).toString());
  const shown =
    text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}... (${body.length} bytes)` : text;
  return `WRONG: ${wrong}\n  family ${[family, ...changes].join(', ')}\n  body ${shown}`;
}
