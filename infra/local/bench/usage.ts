import { readFileSync } from 'node:fs';

/** What a process has used since it began; undefined where the system has no /proc. */
export type Usage = { cpuMs: number; peakMb: number };

/** The kernel counts CPU in hundredths of a second, on every Linux that Node runs on. */
const tickMs = 10;

export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may contain anything, also spaces; user and system time are 11 fields after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const peakKb = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]);
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
      peakMb: peakKb / 1024,
    };
  } catch {
    return undefined;
  }
}
