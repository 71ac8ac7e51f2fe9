import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openTable } from '../../../shared/storage/table';
import type { Evidence } from '../../../shared/reports/evidence';
import { recordEvent, SOURCE } from '../../integration/cli/recorded-events';
import { runCommand } from '../../support/run-command';
import { rowsWritten, withStorage, type Seed } from './seeded-storage';

const DAYS = 28;
const ACCOUNT = '20000000-0000-4000-8000-000000000001';
const TABLES = ['audit', 'auditIndex', 'claims', 'due'] as const;

export type ReportFigures = {
  events: number;
  /** Of the report of the accepted events, and of the one of a roster. */
  reports: { roster: boolean; rows: number; peakMb: number; seconds: number; hash: string }[];
};

/** Makes `joinery report completeness` of so many joiners of two packages, and answers the most memory that it had. */
export async function measureReport(
  events: number,
  print: (line: string) => void,
): Promise<ReportFigures> {
  return withStorage(async ({ connectionString, seed, folder }) => {
    await openTable(connectionString, 'audit').list('nobody');
    for (let from = 0; from < events; from += 1000)
      await seedEvents(seed, from, Math.min(from + 1000, events));
    print('all events are in the tables');
    const [roster, map] = [join(folder, 'roster.csv'), join(folder, 'map.json')];
    const workers = Array.from({ length: events }, (_, n) => `${workerOf(n)},2027-01-04`);
    await writeFile(roster, ['worker,start', ...workers].join('\n'));
    await writeFile(map, JSON.stringify({ worker: 'workerId', start: 'from' }));
    const period = ['--from', '2026-11-01', '--to', '2026-11-29', '--by', 'auditor'];
    const asked = ['report', 'completeness', ...period, '--json'];
    const settings = {
      ...{ RECORDS_STORAGE: connectionString, AUDIT_STORAGE: connectionString },
      ...{ ServiceBus: 'Endpoint=sb://none', EVENT_SOURCES: SOURCE, NODE_OPTIONS: PEAK_AT_EXIT },
    };
    const measured = async (...more: string[]) => {
      const began = Date.now();
      const { code, stdout, stderr } = await runCommand([...asked, ...more], settings);
      const peakKb = /^peak (\d+)$/m.exec(stderr)?.[1];
      if (code !== 0 || peakKb === undefined) throw new Error(stderr);
      const { content, hash } = JSON.parse(stdout) as Evidence;
      if (content.rows.out !== events) throw new Error(`${content.rows.out} lines`);
      return {
        ...{ roster: more.length > 0, rows: content.rows.in, hash },
        ...{ peakMb: Math.round(Number(peakKb) / 1024), seconds: secondsSince(began) },
      };
    };
    return {
      events,
      reports: [await measured(), await measured('--roster', roster, '--map', map)],
    };
  });
}

const PEAK_AT_EXIT =
  "--import=data:text/javascript,process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))";
const secondsSince = (began: number): number => Math.round((Date.now() - began) / 1000);
const workerOf = (n: number): string => `W-${100_000 + n}`;

async function seedEvents(seed: Seed, from: number, below: number): Promise<void> {
  const written = new Map(TABLES.map((name) => [name as string, rowsWritten()]));
  const into = { table: (name: string) => (written.get(name) ?? rowsWritten()).table };
  for (let n = from; n < below; n += 1)
    await recordEvent(into, {
      ...{ id: `joined-${n}`, workerId: workerOf(n), end: { outcome: 'delivered' } },
      at: new Date(Date.UTC(2026, 10, 1 + (n % DAYS), 9, 30)).toISOString(),
      rows: ['finance', 'travel'].flatMap(rowsOfPackage),
    });
  for (const [table, { rows }] of written) if (rows.length > 0) await seed({ table, rows });
}

const rowsOfPackage = (packageKey: string) => {
  const of = {
    packageKey,
    action: 'grant',
    targetId: ACCOUNT,
    ruleId: `${packageKey}-staff`,
  } as const;
  const settled = { ...of, kind: 'settled', ruleDescription: 'Employees of Finance.' } as const;
  return [
    { ...of, kind: 'intended', step: 'ensure' } as const,
    { ...settled, step: 'ensure', outcome: 'complete' } as const,
    { ...of, kind: 'intended', step: 'assign' } as const,
    { ...settled, step: 'assign', outcome: 'delivered', modelApproval: 'not-required' } as const,
  ];
};
