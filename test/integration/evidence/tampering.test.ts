import { sealOf } from '../../../shared/domain/evidence/seal';
import { verifyAudit } from '../../../shared/evidence/verify';
import { createClaims } from '../../../shared/storage/claims';
import { createLedgerReader } from '../../../shared/storage/audit';
import { openMemory } from '../../support/memory-tables';
import { seeded } from '../../support/seeded';
import { auditedIn } from './audited';
import { evidenceOf, NOW, verify } from './evidence-of';
import { copyEvidence, intruderOn, sealsIn, TAMPERINGS, type Evidence } from './tamperings';

/* The ledger writes, the app seals, somebody with every right tampers, and the verification names what was done. */

const SEED = Number(process.env['JOINERY_SEED'] ?? 1);
const TIMES = 250;
let evidence: Evidence;
beforeAll(async () => {
  evidence = await evidenceOf();
});

test('evidence that nobody touched verifies, as a whole and in part', async () => {
  expect(await verify(evidence)).toMatchObject({
    ...{ from: '2026-11-20T09', to: '2026-11-20T13', seals: 5, events: 11, refusals: 2 },
    ...{ faults: [], notes: [], removed: [] },
  });
  expect(await verify(evidence, { from: '2026-11-20T12', to: '2026-11-20T12' })).toMatchObject({
    ...{ seals: 1, faults: [] },
  });
});

test.each(Object.keys(TAMPERINGS))(
  '250 random tamperings are found and named: %s',
  async (kind) => {
    const random = seeded(SEED);
    for (let time = 0; time < TIMES; time += 1) {
      const copy = copyEvidence(evidence);
      const expected = TAMPERINGS[kind]?.(intruderOn(copy), random);
      const { faults } = await verify(copy);
      expect({ time, faults }).toEqual({
        time,
        faults: expect.arrayContaining([expect.objectContaining(expected ?? {})]) as unknown,
      });
      expect(faults[0]).toMatchObject(expected ?? {});
    }
  },
);

test('a chain that nobody sealed in its time is named, and so are seals that ended', async () => {
  const copy = copyEvidence(evidence);
  const on = auditedIn({ table: openMemory(copy.tables) }, sealsIn(copy.seals));
  const key = await on.event('forged', '2026-11-20T10:10:00.000Z');
  expect((await verify(copy)).faults).toMatchObject([
    { code: 'not-sealed', event: 'forged', eventHash: key, attempt: 1, hour: '2026-11-20T10' },
  ]);
  copy.seals.delete('2026-11-20T13');
  const later = { now: NOW + 3_600_000 };
  expect((await verify(copy, later)).faults[0]).toMatchObject({
    ...{ code: 'seals-behind', hour: '2026-11-20T12' },
  });
  copy.seals.clear();
  expect((await verify(copy)).faults[0]).toMatchObject({ code: 'seals-behind' });
});

test('what hides an event from reports is named, and what only the index of a worker names', async () => {
  const codes = async ({ tables, seals }: Evidence) =>
    (await verify({ tables, seals })).faults.map(({ code, eventHash, text }) => ({
      ...{ code, eventHash, text },
    }));
  const { leaves } = intruderOn(evidence);
  const key = leaves.find(({ eventHash }) => eventHash !== undefined)?.eventHash ?? '';
  const entriesOf = ({ tables }: Evidence, place: string, hash: string) =>
    [...(tables.get('auditIndex') ?? [])].filter(
      ([id]) => id.startsWith(place) && id.endsWith(hash),
    );
  for (const [place, index] of [
    ['worker-', 'its worker'],
    ['day-', '2026-11-20'],
  ] as const) {
    const copy = copyEvidence(evidence);
    for (const [id] of entriesOf(copy, place, key)) copy.tables.get('auditIndex')?.delete(id);
    expect(await codes(copy)).toEqual([
      { code: 'index-missing', eventHash: key, text: `the index of ${index} does not name it` },
    ]);
  }
  const copy = copyEvidence(evidence);
  const on = auditedIn({ table: openMemory(copy.tables) }, sealsIn(copy.seals));
  const forged = await on.event('forged', '2026-11-20T10:10:00.000Z');
  for (const [id] of entriesOf(copy, 'day-', forged)) copy.tables.get('auditIndex')?.delete(id);
  for (const [id, columns] of entriesOf(copy, 'worker-W-forged', forged))
    copy.tables.get('auditIndex')?.set(id.replace('W-forged', 'W-1'), columns);
  expect(await codes(copy)).toEqual([
    ...[
      {
        code: 'index-missing',
        eventHash: forged,
        text: 'the index of 2026-11-20 does not name it',
      },
    ],
  ]);
});

test('a forged chain is named, whatever time it claims', async () => {
  const copy = copyEvidence(evidence);
  const on = auditedIn({ table: openMemory(copy.tables) }, sealsIn(copy.seals));
  const at = '2026-11-20T10:10:00.000Z';
  const eventHash = await on.event('forged', at, { recordedAt: '2099-01-01T00:00:00.000Z' });
  expect((await verify(copy)).faults).toMatchObject([{ code: 'not-sealed', eventHash }]);
});

test('seals that were made anew from the first hour of a range are named', async () => {
  const copy = copyEvidence(evidence);
  let previous = 'f'.repeat(64);
  for (const hour of ['2026-11-20T12', '2026-11-20T13']) {
    const { leaves = [] } = copy.seals.get(hour) ?? {};
    const seal = sealOf({ hour, previous, leaves });
    copy.seals.set(hour, seal);
    previous = seal.root;
  }
  const fork = { code: 'seal-forked', hour: '2026-11-20T11' };
  expect((await verify(copy, { from: '2026-11-20T12' })).faults).toMatchObject([fork]);
});

test.each([{ to: '2026-11-20T08' }, { from: '2026-11-20T14' }])(
  'a range without a seal does not verify: %j',
  async (range) => {
    expect((await verify(evidence, range)).faults).toMatchObject([
      { code: 'seals-behind', text: 'no hour of this range is sealed' },
    ]);
  },
);

test('an event that closes while it is verified is no fault', async () => {
  const copy = copyEvidence(evidence);
  const table = openMemory(copy.tables);
  const on = auditedIn({ table }, sealsIn(copy.seals));
  const at = '2026-11-20T14:01:00.000Z';
  const open = await on.event('open', at, { isOpen: true });
  const claims = createClaims(table('claims'));
  const stores = {
    ...{ audit: createLedgerReader(table('audit'), table('auditIndex')), seals: on.seals },
    claims: {
      read: async (key: string) => {
        const claim = await claims.read(key);
        if (key !== open || claim?.state === 'closed') return claim;
        await on.event('open', at, { rows: 5 });
        return claims.read(key);
      },
    },
  };
  expect((await verifyAudit(stores, { now: NOW })).faults).toEqual([]);
});

test('what retention removed by a record is told as removed, and anything else as gone', async () => {
  const copy = copyEvidence(evidence);
  const { leaves, remove } = intruderOn(copy);
  const [first, second] = leaves.filter(({ eventHash }) => eventHash !== undefined);
  if (!first || !second) throw new Error('there are no leaves');
  remove(first, seeded(1));
  remove(second, seeded(2));
  const removals = [{ hash: first.eventHash ?? '', day: '2026-12-01', before: '2026-11-21' }];
  const { faults, removed } = await verify(copy, { removals });
  expect(removed).toEqual([{ day: '2026-12-01', events: 1, refusals: 0 }]);
  expect(faults).toMatchObject([{ code: 'event-missing', eventHash: second.eventHash }]);
});
