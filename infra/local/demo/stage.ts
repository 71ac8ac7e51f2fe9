import { setTimeout as wait } from 'node:timers/promises';
import type { Bus } from './bus';
import type { Part } from './play';
import type { Records } from './records';
import { judge } from './verdict';
import type { Verdict } from './verdict';

const deadlineMs = 100_000;
const lookEveryMs = 500;

type Stage = {
  parts: Part[];
  bus: Bus;
  read: () => Promise<Records>;
  /** Called once for each person, when all they sent has come to its end. */
  onEnd: (part: Part, verdict: Verdict) => void;
};

export type Result = { part: Part; verdict: Verdict };

/**
 * Sends every message when its time has come and follows the records until all have ended, or until a deadline: what has
 * not ended by then is judged as it stands.
 */
export async function perform(stage: Stage): Promise<{ results: Result[]; records: Records }> {
  const { parts, bus, read, onEnd } = stage;
  const sent = new Set<Buffer>();
  const told = new Set<Part>();
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const records = await read();
    const results = parts.map((part) => ({ part, verdict: judge(part, records) }));
    for (const { part, verdict } of results) {
      if (!verdict.ended || told.has(part)) continue;
      told.add(part);
      onEnd(part, verdict);
    }
    if (told.size === parts.length || Date.now() > deadline) return { results, records };
    const due = dueNow(results).filter((message) => !sent.has(message));
    if (due.length > 0) await bus.send(due);
    for (const message of due) sent.add(message);
    await wait(lookEveryMs);
  }
}

function dueNow(results: Result[]): Buffer[] {
  const over = new Set(
    results.filter(({ verdict }) => verdict.firstEnded).map(({ part }) => part.joiner.worker),
  );
  return results.flatMap(({ part, verdict }) => {
    const { after } = part.joiner;
    const first = after === undefined || over.has(after) ? [part.first] : [];
    return part.second && verdict.firstEnded ? [...first, part.second] : first;
  });
}
