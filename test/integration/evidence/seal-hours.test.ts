import { signedContainer } from '../../../infra/local/blobs/signed-container';
import { addBlob, blobIn } from '../../../shared/blobs';
import { verifyAudit } from '../../../shared/evidence/verify';
import { sealHours, type SealServices } from '../../../shared/evidence/seal-hours';
import { NO_ROOT, rootMatches, type Seal } from '../../../shared/domain/evidence/seal';
import { atOnce, openStorage, type Storage } from '../../support/storage';
import { auditedOn } from './audited';

let storage: Storage;
let on: ReturnType<typeof auditedOn>;
beforeEach(async () => {
  storage = await openStorage();
  on = auditedOn(storage);
});
afterEach(() => storage.close());

const sealAt = (at: string, services: SealServices = on) =>
  sealHours(services, Date.parse(`2026-11-${at}Z`), () => undefined);

async function sealed(): Promise<Seal[]> {
  const hours = await on.seals.hours();
  return Promise.all(hours.map(async (hour) => (await on.seals.read(hour)) as Seal));
}
/** What each hour seals: the first digits of an event or body, and the attempt. */
const contents = async () =>
  Object.fromEntries(
    (await sealed()).map(({ hour, leaves }) => [
      hour.slice(8),
      leaves.map(
        (leaf) => `${(leaf.eventHash ?? leaf.bodyHash ?? '').slice(0, 4)} ${leaf.attempt}`,
      ),
    ]),
  );
const short = (key: string, attempt = 1) => `${key.slice(0, 4)} ${attempt}`;

test('each hour that is over is sealed once, with what closed by its end; an open event waits for its end', async () => {
  const first = await on.event('a', '2026-11-20T09:59:59.000Z');
  const body = await on.refusal('f', '2026-11-20T09:10:00.000Z');
  const open = await on.event('b', '2026-11-20T09:30:00.000Z', { isOpen: true });
  await sealAt('20T10:03:00');
  expect(await contents()).toEqual({ '20T08': [] });
  await sealAt('20T10:05:00');
  await sealAt('20T10:59:00');
  expect(await contents()).toEqual({ '20T08': [], '20T09': [short(first), short(body)].sort() });
  const again = await on.event('a', '2026-11-20T10:20:00.000Z', { attempt: 2 });
  await sealAt('20T11:05:00');
  expect((await contents())['20T10']).toEqual([short(again, 2)]);
  expect(JSON.stringify(await sealed())).not.toContain(open);
});

test('seals are chained, also over hours in which nothing closed and hours that were missed', async () => {
  const key = await on.event('a', '2026-11-20T09:30:00.000Z', { rows: 3 });
  await sealAt('20T10:05:00');
  const late = await on.event('b', '2026-11-20T23:30:00.000Z');
  await sealAt('21T02:05:00');
  const seals = await sealed();
  expect(seals.map(({ hour }) => hour.slice(8))).toEqual(
    ['09', '10', '11', '12', '13', '14', '15', '16', '17', '18', '19', '20', '21', '22', '23']
      .map((hour) => `20T${hour}`)
      .concat('21T00', '21T01'),
  );
  expect(seals.every(rootMatches)).toBe(true);
  expect(seals.map(({ previous }) => previous)).toEqual([
    NO_ROOT,
    ...seals.slice(0, -1).map(({ root }) => root),
  ]);
  const rows = await on.audit.rowsOf(key);
  expect(seals[0]?.leaves).toEqual([
    {
      ...{ eventHash: key, attempt: 1, seq: 3, head: rows[2]?.columns['hash'] },
      trail: rows.map(({ columns }) => String(columns['hash']).slice(0, 8)).join(''),
    },
  ]);
  expect((await contents())['20T23']).toEqual([short(late)]);
});

test('what closed in an hour that is sealed goes into the next seal, also if its rows are of days ago', async () => {
  await sealAt('20T10:05:00');
  const late = await on.event('a', '2026-11-20T09:40:00.000Z');
  const old = await on.event('b', '2026-11-15T09:40:00.000Z');
  await sealAt('20T11:05:00');
  await sealAt('20T12:05:00');
  expect(await contents()).toEqual({
    ...{ '20T09': [], '20T11': [] },
    '20T10': [short(late), short(old)].sort(),
  });
});

test('what is sealed is not read again, and a later attempt is, also within the hour of the first', async () => {
  const first = await on.event('a', '2026-11-20T09:10:00.000Z');
  await on.event('b', '2026-11-20T09:20:00.000Z');
  await on.refusal('f', '2026-11-20T09:10:00.000Z');
  const read: string[] = [];
  const counting: SealServices = {
    ...on,
    audit: {
      ...on.audit,
      rowsOf: (key) => {
        read.push(key);
        return on.audit.rowsOf(key);
      },
    },
  };
  await sealAt('20T10:05:00', counting);
  expect(read).toHaveLength(2);
  // It began in the hour that was sealed, and closed after it.
  await on.event('a', '2026-11-20T09:50:00.000Z', { attempt: 2 });
  await sealAt('20T11:05:00', counting);
  await sealAt('20T12:05:00', counting);
  expect(read.slice(2)).toEqual([first]);
  expect((await contents())['20T10']).toEqual([short(first, 2)]);
});

test('what has the name of a seal and is none keeps no hour from being sealed', async () => {
  await sealAt('20T10:05:00');
  const add = (hour: string): Promise<void> => {
    const url = blobIn(signedContainer(storage.connectionString, 'seals', 'c'), `${hour}.json`);
    return addBlob(url, { text: '{}', type: 'application/json' }, { name: 'seal' });
  };
  await add('2026-11-20T10');
  await add('2099-01-01T00');
  const key = await on.event('a', '2026-11-20T11:10:00.000Z');
  await sealAt('20T12:05:00');
  const seal = await on.seals.read('2026-11-20T11');
  expect(seal).toMatchObject({ leaves: [{ eventHash: key }] });
  expect((seal as Seal).previous).toBe(((await on.seals.read('2026-11-20T09')) as Seal).root);
  const now = Date.parse('2026-11-20T12:10:00Z');
  const { faults } = await verifyAudit(on, { now, removals: [] });
  expect(faults.map(({ code, hour }) => ({ code, hour }))).toEqual([
    { code: 'seal-changed', hour: '2026-11-20T10' },
    { code: 'seal-changed', hour: '2099-01-01T00' },
  ]);
});

test('two instances that seal at once make one chain, though they see different rows', async () => {
  await on.event('a', '2026-11-20T08:30:00.000Z');
  await sealAt('20T09:05:00');
  await on.event('b', '2026-11-20T09:30:00.000Z');
  const blind: SealServices = {
    seals: auditedOn(storage).seals,
    audit: { ...on.audit, indexed: () => Promise.resolve([]) },
  };
  await atOnce(4, (at) => sealAt('20T13:05:00', at % 2 === 0 ? on : blind));
  const seals = await sealed();
  expect(seals.map(({ previous }) => previous).slice(1)).toEqual(
    seals.slice(0, -1).map(({ root }) => root),
  );
  await sealAt('20T14:05:00');
  expect((await sealed()).flatMap(({ leaves }) => leaves)).toHaveLength(2);
});

test.each(['before', 'after'])(
  'a run that dies %s it writes a seal is followed by one that goes on',
  async (when) => {
    await on.event('a', '2026-11-20T09:30:00.000Z');
    await sealAt('20T10:05:00');
    await on.event('b', '2026-11-20T11:30:00.000Z');
    let writes = 0;
    const dying: SealServices = {
      ...on,
      seals: {
        ...on.seals,
        add: async (seal) => {
          writes += 1;
          if (writes === 2 && when === 'before') throw new Error('killed');
          const stored = await on.seals.add(seal);
          if (writes === 2) throw new Error('killed');
          return stored;
        },
      },
    };
    await expect(sealAt('20T13:05:00', dying)).rejects.toThrow('killed');
    await sealAt('20T13:05:00');
    const seals = await sealed();
    expect(seals.map(({ leaves }) => leaves.length)).toEqual([1, 0, 1, 0]);
    expect(seals.map(({ previous }) => previous).slice(1)).toEqual(
      seals.slice(0, -1).map(({ root }) => root),
    );
  },
);

test('blobs with other names, or of hours that no calendar has, change nothing', async () => {
  const container = signedContainer(storage.connectionString, 'seals', 'rcl');
  const content = { text: '{}', type: 'application/json' };
  for (const name of ['2026-99-99T99.json', '2026-02-30T00.json', 'notes.json', 'a&b <c>.json'])
    await addBlob(blobIn(container, name), content, { name: 'blob' });
  const key = await on.event('a', '2026-11-20T09:30:00.000Z');
  await sealAt('20T10:05:00');
  await sealAt('20T11:05:00');
  expect(await contents()).toEqual({ '20T09': [short(key)], '20T10': [] });
});
