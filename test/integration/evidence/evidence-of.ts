import { sealHours } from '../../../shared/evidence/seal-hours';
import { verifyAudit, type Verification } from '../../../shared/evidence/verify';
import { createClaims } from '../../../shared/storage/claims';
import { createLedgerReader } from '../../../shared/storage/audit';
import { openMemory } from '../../support/memory-tables';
import { auditedIn } from './audited';
import { sealsIn, type Evidence } from './tamperings';

export const NOW = Date.parse('2026-11-20T14:05:00Z');

/** Five hours with eleven events, one of two attempts, and three refused bodies. The last hour is sealed too. */
export async function evidenceOf(): Promise<Evidence> {
  const evidence: Evidence = { tables: new Map(), seals: new Map() };
  const on = auditedIn({ table: openMemory(evidence.tables) }, sealsIn(evidence.seals));
  const seal = (at: string) => sealHours(on, Date.parse(at), () => undefined);
  let id = 0;
  const hours = [
    ['09', 3],
    ['10', 2],
    ['11', 0],
    ['12', 4],
    ['13', 2],
  ] as const;
  for (const [hour, events] of hours) {
    const at = `2026-11-20T${hour}:30:00.000Z`;
    for (let event = 0; event < events; event += 1)
      await on.event(`${(id += 1)}`, at, { rows: 2 + (id % 5) });
    if (events > 2) await on.refusal(String(events), at);
    if (hour === '12') await on.event('1', at, { attempt: 2, rows: 3 });
    await seal(`2026-11-20T${Number(hour) + 1}:05:00Z`);
  }
  return evidence;
}

export const verify = ({ tables, seals }: Evidence, range = {}): Promise<Verification> => {
  const table = openMemory(tables);
  const stores = {
    audit: createLedgerReader(table('audit'), table('auditIndex')),
    claims: createClaims(table('claims')),
    seals: sealsIn(seals),
  };
  return verifyAudit(stores, { now: NOW, ...range });
};
