import { generateKeyPairSync } from 'node:crypto';
import { publicKeyOf } from '../../../shared/domain/evidence/removal';
import { sealHours } from '../../../shared/evidence/seal-hours';
import { verifyAudit } from '../../../shared/evidence/verify';
import {
  carryOutRetention,
  checkRemovals,
  planRetention,
  type RetentionStores,
} from '../../../shared/privacy/retention';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { openStorage, type Storage } from '../../support/storage';
import { auditedOn } from '../evidence/audited';
import { retentionOn } from './retention-on';

/* What a record names is taken to its end without a further check, and nothing else. */

const BEFORE = '2025-11-21';
const LATER = '2026-03-01';
const pem = () =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const privateKey = pem();
const by = { by: 'ann', reason: 'T-1', privateKey, at: '2026-03-01T03:05:00.000Z' };
const publicKey = publicKeyOf(privateKey);

let storage: Storage;
let on: ReturnType<typeof auditedOn>;
let stores: RetentionStores;
beforeEach(async () => {
  storage = await openStorage();
  on = auditedOn(storage);
  stores = retentionOn(storage, on);
  await on.event('1', '2025-11-18T23:30:00.000Z');
  await sealHours(on, Date.parse('2025-11-19T00:05:00Z'), () => undefined);
  await on.event('2', '2025-11-19T00:30:00.000Z');
  await sealHours(on, Date.parse('2025-11-19T01:05:00Z'), () => undefined);
});
afterEach(() => storage.close());

const plan = (before: string) => planRetention(stores, before, [publicKey]);
const verify = async (now: string) =>
  verifyAudit(on, { now: Date.parse(now), ...checkRemovals(await stores.records.all()) });

test('an event that came again after its removal, and is open, stays', async () => {
  await carryOutRetention(stores, await plan(BEFORE), by);
  const key = await on.event('2', '2026-02-20T09:30:00.000Z', { isOpen: true });
  const again = await plan(LATER);
  expect(again).toMatchObject({ removable: [], kept: { open: 1 } });
  await carryOutRetention(stores, again, by);
  expect(await on.audit.rowsOf(key)).toHaveLength(4);
});

test('a removal that broke off is ended also after another one with an earlier day', async () => {
  const first = await plan(BEFORE);
  const breaking = {
    ...stores,
    audit: { ...stores.audit, remove: () => Promise.reject(new StoreUnavailable('away')) },
  };
  const recent = first.removable.filter(({ days: [day] }) => day?.partition.includes('-19-'));
  expect(recent).toHaveLength(1);
  await expect(carryOutRetention(breaking, { ...first, removable: recent }, by)).rejects.toThrow(
    'away',
  );
  await carryOutRetention(stores, await plan('2025-11-19'), by);
  expect((await stores.records.all()).map(({ before }) => before)).toEqual([BEFORE, '2025-11-19']);
  await carryOutRetention(stores, await plan(BEFORE), by);
  expect(await verify('2025-11-19T01:06:00Z')).toMatchObject({ faults: [], rows: 0 });
  expect(await stores.records.all()).toHaveLength(2);
});

test('a removal that broke off is ended with a new key by who names the former one', async () => {
  const first = await plan(BEFORE);
  let calls = 0;
  const breaking = {
    ...stores,
    audit: {
      ...stores.audit,
      remove: (partition: string, key: string) =>
        (calls += 1) > 2
          ? Promise.reject(new StoreUnavailable('away'))
          : stores.audit.remove(partition, key),
    },
  };
  await expect(carryOutRetention(breaking, first, by)).rejects.toThrow('away');
  const next = { ...by, privateKey: pem() };
  const current = publicKeyOf(next.privateKey);
  const alone = await planRetention(stores, BEFORE, [current]);
  expect(alone).toMatchObject({ removable: [], kept: { open: 2 } });
  const both = await planRetention(stores, BEFORE, [current, publicKey]);
  expect(both).toMatchObject({ removable: [{ isRecorded: true }, { isRecorded: true }] });
  await carryOutRetention(stores, both, next);
  expect(await verify('2025-11-19T01:06:00Z')).toMatchObject({ faults: [], rows: 0 });
});

test('an event whose claim cannot be read stays, and keeps no other from its removal', async () => {
  const key = await on.event('3', '2025-11-19T01:45:00.000Z');
  await sealHours(on, Date.parse('2025-11-19T02:05:00Z'), () => undefined);
  const claims = storage.table('claims');
  const claim = await claims.read(key, 'claim');
  await claims.replace(key, 'claim', { ...claim?.columns, state: 'odd' }, claim?.etag ?? '');
  const { removable, kept } = await plan(BEFORE);
  expect([removable.length, kept['does-not-verify']]).toEqual([2, 1]);
  expect((await verify('2025-11-19T02:06:00Z')).faults).toMatchObject([
    { code: 'claim-differs', eventHash: key },
  ]);
});
