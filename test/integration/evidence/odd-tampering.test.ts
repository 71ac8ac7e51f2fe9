import { hashOf, rowKey } from '../../../shared/domain/evidence/chain';
import { sealOf } from '../../../shared/domain/evidence/seal';
import { sealHours } from '../../../shared/evidence/seal-hours';
import type { Columns } from '../../../shared/storage/storage-port';
import { openMemory } from '../../support/memory-tables';
import { auditedIn } from './audited';
import { evidenceOf, verify } from './evidence-of';
import { copyEvidence, intruderOn, sealsIn, type Evidence } from './tamperings';

/* Tamperings with claims, with what leads to rows, and with the container of the seals. */

let evidence: Evidence;
beforeAll(async () => {
  evidence = await evidenceOf();
});

/** A copy, and of it a chain of one attempt with the columns of its first row and its claim. */
function copied() {
  const copy = copyEvidence(evidence);
  const table = (name: string) => copy.tables.get(name) ?? new Map<string, Columns>();
  const chain = intruderOn(copy).chains.find(({ hour }) => hour.endsWith('10'));
  const first = chain?.rows[0];
  if (!chain || !first) throw new Error('there is one');
  const { eventHash } = chain;
  const claim = table('claims').get(`${eventHash}/claim`) ?? {};
  const setClaim = (changes: Columns) =>
    table('claims').set(`${eventHash}/claim`, { ...claim, ...changes });
  return { copy, table, eventHash, first: first.columns, claim, setClaim };
}
const faultsOf = async (copy: Evidence) => (await verify(copy)).faults;

test('a claim that says something else than the rows, or nothing any more, is named', async () => {
  const changes = ({ fact = '' }: Columns): Columns[] => [
    { outcome: 'failed' },
    { fact: String(fact).replace(/"W-\d+"/, '"W-other"') },
    { fact: '{}' },
  ];
  for (const change of changes(copied().claim)) {
    const { copy, eventHash, setClaim } = copied();
    setClaim(change);
    expect(await faultsOf(copy)).toMatchObject([{ code: 'claim-differs', eventHash }]);
  }
});

test('rows without a claim are named, also of an attempt or event that is open', async () => {
  const { copy, table, eventHash, first } = copied();
  const forge = (hash: string, attempt: number) => {
    const columns = { ...first, eventHash: hash, attempt };
    const row = { ...columns, hash: hashOf(columns) };
    table('audit').set(`${hash}/${rowKey(attempt, 1)}`, row);
  };
  forge(eventHash, 2);
  table('claims').delete(`${eventHash}/claim`);
  const other = '9'.repeat(64);
  forge(other, 1);
  const at = String(Date.parse('2026-11-20T10:30:00Z')).padStart(16, '0');
  table('auditIndex').set(`day-2026-11-20-9/${at}-${other}`, { partition: other });
  expect(await faultsOf(copy)).toMatchObject([
    { code: 'claim-missing', eventHash },
    { code: 'claim-missing', eventHash: other },
  ]);
});

test('an entry of the index without sense keeps nothing from being checked and sealed', async () => {
  const { copy, table } = copied();
  const at = '0'.repeat(16);
  table('auditIndex').set(`day-2026-11-20-0/${at}-x`, {});
  table('auditIndex').set(`day-2026-11-20-1/${at}-x`, { partition: 5 });
  table('auditIndex').set(`day-2026-11-20-2/x`, { partition: '2'.repeat(64) });
  expect(await faultsOf(copy)).toEqual([]);
  expect(await sealNext(copy)).toHaveLength(1);
});

test('a seal of an hour that is still ahead is named, and ends no sealing', async () => {
  const { copy } = copied();
  const hour = '2030-01-01T00';
  copy.seals.set(hour, sealOf({ hour, previous: '0'.repeat(64), leaves: [] }));
  expect(await faultsOf(copy)).toMatchObject([{ code: 'seal-changed', hour }]);
  expect(await sealNext(copy)).toHaveLength(1);
});

/** What the next hour seals, in which one event closes. */
async function sealNext({ tables, seals }: Evidence) {
  const on = auditedIn({ table: openMemory(tables) }, sealsIn(seals));
  await on.event('next', '2026-11-20T14:10:00.000Z');
  await sealHours(on, Date.parse('2026-11-20T15:05:00Z'), () => undefined);
  return seals.get('2026-11-20T14')?.leaves;
}
