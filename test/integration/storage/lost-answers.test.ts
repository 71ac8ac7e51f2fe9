import { createLedger, createLedgerReader } from '../../../shared/storage/audit';
import { chainFaults } from '../../support/chain-faults';
import { START_OF_CHAIN } from '../../../shared/domain/workflow/run';
import { StoreUnavailable } from '../../../shared/storage/storage-port';
import { openTable } from '../../../shared/storage/table';
import { startHttpProxy, type Proxy } from '../../resilience/proxies/http-proxy';
import { createTap, type Call, type Fault } from '../../resilience/proxies/tap';
import { hash, openStorage, type Storage } from '../../support/storage';
import { AT, closing, entryOf } from './entries';

const tap = createTap();
let storage: Storage;
let proxy: Proxy;
let through: string;

beforeAll(async () => {
  [storage, proxy] = await Promise.all([openStorage(), startHttpProxy('tables', tap)]);
  const endpoint = /(TableEndpoint=http:\/\/127\.0\.0\.1:)(\d+)/;
  const [, , port = ''] = endpoint.exec(storage.connectionString) ?? [];
  proxy.forwardTo(Number(port));
  through = storage.connectionString.replace(endpoint, `$1${proxy.port}`);
});
afterAll(() => Promise.all([proxy.stop(), storage.close()]));

const isInsert = ({ what }: Call): boolean => what.startsWith('POST ');
const faults: Fault['kind'][] = [
  ...(['cut-before', 'cut-after', 'truncate', 'gateway-page', 'login-page'] as const),
];
const cases = faults.flatMap((kind) => [0, 1, 2].map((nth) => ({ kind, nth })));

test.each(cases)(
  'insert $nth meets $kind: the store is unavailable, and the second try finds or writes the one row',
  async ({ kind, nth }) => {
    const eventHash = hash(`${faults.indexOf(kind)}${nth}`).slice(0, 64);
    const ledger = createLedger(openTable(through, 'audit'), openTable(through, 'auditIndex'));
    const entries = [entryOf({ eventHash }), entryOf({ eventHash, ...closing })];
    let inserts = 0;
    tap.intercept((call) => {
      if (!isInsert(call) || inserts++ !== nth) return undefined;
      return { kind } as Fault;
    });

    let chain = START_OF_CHAIN;
    let failures = 0;
    for (const entry of entries) {
      const append = () => ledger.append(chain, entry, AT);
      const { chain: end } = await append().catch((error: unknown) => {
        expect(error).toBeInstanceOf(StoreUnavailable);
        failures += 1;
        return append();
      });
      chain = end;
    }

    expect(failures).toBe(1);
    const reader = createLedgerReader(storage.table('audit'), storage.table('auditIndex'));
    const rows = await reader.ofEvent(eventHash);
    expect(rows.map(({ seq, kind: told }) => [seq, told])).toEqual([
      [1, 'intended'],
      [2, 'closing'],
    ]);
    expect(chainFaults(rows, { attempt: 1, ...chain })).toEqual([]);
  },
);
