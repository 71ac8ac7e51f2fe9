import type { AppSettings } from './app-settings';
import { examine, type Examination, type Line } from './doctor/examine';
import { print, tableOf } from './print';

/** Looks whether the app can do its work, and says of each look what it found and what to do. Exit code 1 on a fault. */
export async function doctor(
  app: AppSettings,
  { json, ...examination }: Examination & { json: boolean },
): Promise<void> {
  const findings = await examine(app, examination);
  const count = (level: Line['level']) => findings.filter((one) => one.level === level).length;
  const counts = { ok: count('ok'), warnings: count('warning'), faults: count('fault') };
  print({ ...counts, findings }, json, () => {
    const rows = findings.map(({ level, check, name, about, text, todo }) => [
      level,
      check,
      name,
      about,
      todo === undefined ? text : `${text}. What to do: ${todo}`,
    ]);
    const table = tableOf(['level', 'check', 'finding', 'about', 'what it is'], rows);
    return `${table}\n\n${counts.faults} faults, ${counts.warnings} warnings`;
  });
  if (counts.faults > 0) process.exitCode = 1;
}
