import { hashOf, rowKey } from '../../../shared/domain/evidence/chain';
import type { FaultCode } from '../../../shared/domain/evidence/fault';
import { sealOf, type Seal, type SealLeaf } from '../../../shared/domain/evidence/seal';
import type { Columns } from '../../../shared/storage/storage-port';
import { copyOf, type MemoryTables } from '../../support/memory-tables';
import type { Random } from '../../support/seeded';

/** All that somebody with every right to the accounts could touch. */
export type Evidence = { tables: MemoryTables; seals: Map<string, Seal> };

/** Seals in memory. */
export const sealsIn = (seals: Map<string, Seal>) => ({
  hours: () => Promise.resolve([...seals.keys()].sort()),
  read: (hour: string) => Promise.resolve(seals.get(hour)),
  add: (seal: Seal) => {
    if (!seals.has(seal.hour)) seals.set(seal.hour, seal);
    return Promise.resolve(seals.get(seal.hour) as Seal);
  },
});

/** What the first fault has to say. */
export type Expected = {
  code: FaultCode;
  eventHash?: string;
  bodyHash?: string;
  attempt?: number;
  seq?: number;
  hour?: string;
};

type Row = { key: string; columns: Record<string, string | number | boolean> };
type Chain = { eventHash: string; attempt: number; isLast: boolean; hour: string; rows: Row[] };
type Tamper = (intruder: ReturnType<typeof intruderOn>, random: Random) => Expected;

export const copyEvidence = ({ tables, seals }: Evidence): Evidence => ({
  tables: copyOf(tables),
  seals: new Map(seals),
});

const oneOf = <T>(random: Random, items: readonly T[]): T => {
  const item = items[random.between(0, items.length - 1)];
  if (item === undefined) throw new Error('there is nothing to tamper with');
  return item;
};

const rehashed = (row: Row): Row => ({
  ...row,
  columns: { ...row.columns, hash: hashOf(row.columns) },
});

/** Numbers, links and hashes every row from `from` on anew: what a careful intruder leaves. */
function rechained(rows: readonly Row[], attempt: number, from: number): Row[] {
  const chain = rows.slice(0, from);
  for (const { columns } of rows.slice(from)) {
    const prevHash = chain.at(-1)?.columns['hash'] ?? '0'.repeat(64);
    const seq = chain.length + 1;
    chain.push(rehashed({ key: rowKey(attempt, seq), columns: { ...columns, seq, prevHash } }));
  }
  return chain;
}

export function intruderOn({ tables, seals }: Evidence) {
  const table = (name: string) => tables.get(name) ?? new Map<string, Columns>();
  const rowsOf = (eventHash: string): Row[] =>
    [...table('audit')]
      .filter(([id]) => id.startsWith(`${eventHash}/`))
      .map(([id, columns]) => ({ key: id.slice(65), columns: { ...columns } }))
      .sort((one, other) => (one.key < other.key ? -1 : 1));
  const leaves = [...seals.values()].flatMap(({ hour, leaves: of }) =>
    of.map((leaf) => ({ ...leaf, hour })),
  );
  const events = leaves.flatMap(({ eventHash }) => eventHash ?? []);
  const chains: Chain[] = leaves.flatMap(({ eventHash, attempt, hour }) =>
    eventHash === undefined
      ? []
      : [
          {
            ...{ eventHash, attempt, hour },
            isLast: events.filter((one) => one === eventHash).length === attempt,
            rows: rowsOf(eventHash).filter(({ columns }) => columns['attempt'] === attempt),
          },
        ],
  );
  const put = (eventHash: string, { key, columns }: Row): void => {
    table('audit').set(`${eventHash}/${key}`, columns);
  };
  const drop = (eventHash: string, { key }: Pick<Row, 'key'>): void => {
    table('audit').delete(`${eventHash}/${key}`);
  };
  const claimed = ({ eventHash, isLast }: Chain, rows: readonly Row[]): void => {
    const claim = table('claims').get(`${eventHash}/claim`);
    const end = rows.at(-1)?.columns;
    if (!claim || !end || !isLast) return;
    const chain = `json:${JSON.stringify({ seq: end['seq'], hash: end['hash'], day: '' })}`;
    table('claims').set(`${eventHash}/claim`, { ...claim, chain });
  };
  return {
    ...{ seals, leaves, chains, put, drop, claimed },
    /** Puts these rows in the place of a chain, and its end into the claim. */
    replace: (chain: Chain, rows: readonly Row[]): void => {
      for (const row of chain.rows) drop(chain.eventHash, row);
      for (const row of rows) put(chain.eventHash, row);
      claimed(chain, rows);
    },
    /** Removes an event or a body, and perhaps all that names it but its seal. */
    remove: ({ eventHash, bodyHash = '' }: SealLeaf, random: Random): void => {
      const subject = eventHash ?? bodyHash;
      for (const id of table('audit').keys()) if (id.includes(subject)) table('audit').delete(id);
      if (random.next() < 0.5) table('claims').delete(`${subject}/claim`);
      if (random.next() < 0.5)
        for (const id of table('auditIndex').keys())
          if (id.endsWith(subject)) table('auditIndex').delete(id);
    },
  };
}

const at = ({ eventHash, attempt }: Chain, seq: number) => ({ eventHash, attempt, seq });

const altered = (columns: Row['columns'], random: Random): Row['columns'] =>
  random.pick<() => Row['columns']>([
    () => ({ ...columns, outcome: 'denied' }),
    () => ({ ...columns, workerId: 'W-other' }),
    () => ({ ...columns, recordedAt: '2020-01-01T00:00:00.000Z' }),
    () => ({ ...columns, added: true }),
    () => {
      const { runToken, ...left } = columns;
      return { ...left, marginMinutes: String(runToken).length };
    },
  ])();

const long = (chains: readonly Chain[], least: number) =>
  chains.filter(({ rows }) => rows.length >= least);

/** Each kind of tampering, in several ways. */
export const TAMPERINGS: Record<string, Tamper> = {
  change: ({ chains, put, replace }, random) => {
    const chain = oneOf(random, chains);
    const index = random.between(0, chain.rows.length - 1);
    const row = chain.rows[index] as Row;
    const changed = { ...row, columns: altered(row.columns, random) };
    random.pick<() => void>([
      () => put(chain.eventHash, changed),
      () => put(chain.eventHash, rehashed(changed)),
      () => replace(chain, rechained(chain.rows.with(index, changed), chain.attempt, index)),
    ])();
    return { code: 'row-changed', ...at(chain, index + 1) };
  },
  delete: ({ chains, drop, replace }, random) => {
    const chain = oneOf(random, long(chains, 3));
    const index = random.between(0, chain.rows.length - 2);
    const rest = chain.rows.toSpliced(index, 1);
    random.pick<() => void>([
      () => drop(chain.eventHash, chain.rows[index] as Row),
      () => replace(chain, rechained(rest, chain.attempt, index)),
    ])();
    return { code: 'row-missing', ...at(chain, index + 1) };
  },
  insert: ({ chains, put, replace, claimed }, random) => {
    const chain = oneOf(random, chains);
    const { eventHash, attempt, rows } = chain;
    const index = random.between(0, rows.length - 1);
    const copied = rows[index] as Row;
    const made = { ...copied.columns, packageKey: 'invented' };
    return random.pick<() => Expected>([
      () => {
        put(eventHash, { key: `${copied.key}x`, columns: copied.columns });
        return { code: 'row-inserted', ...at(chain, index + 1) };
      },
      () => {
        put(eventHash, { key: `${copied.key}x`, columns: { ...made, prevHash: 'f'.repeat(64) } });
        return { code: 'row-inserted', ...at(chain, index + 1) };
      },
      () => {
        const added = rechained([...rows, { key: '', columns: made }], attempt, rows.length);
        put(eventHash, added.at(-1) as Row);
        if (random.next() < 0.5) claimed(chain, added);
        return { code: 'row-inserted', ...at(chain, rows.length + 1) };
      },
      () => {
        const more = rows.toSpliced(index, 0, { key: '', columns: made });
        replace(chain, rechained(more, attempt, index));
        return { code: 'row-inserted', ...at(chain, index + 1) };
      },
    ])();
  },
  swap: ({ chains, put }, random) => {
    const { rows, ...chain } = oneOf(random, long(chains, 2));
    const [low = 0, high = 1] = random
      .shuffle(rows.map((_, index) => index))
      .slice(0, 2)
      .sort((one, other) => one - other);
    const [first, second] = [rows[low] as Row, rows[high] as Row];
    const inPlace = (
      { columns: { seq = 0, prevHash = '', hash = '' } }: Row,
      { columns }: Row,
    ) => ({
      ...columns,
      ...{ seq, prevHash, hash },
    });
    const isWithNumbers = random.next() < 0.5;
    for (const [here, there] of [
      [first, second],
      [second, first],
    ] as const)
      put(chain.eventHash, {
        key: here.key,
        columns: isWithNumbers ? there.columns : inPlace(here, there),
      });
    return { code: 'rows-swapped', ...at({ ...chain, rows }, low + 1) };
  },
  truncation: ({ chains, drop, claimed }, random) => {
    const chain = oneOf(random, long(chains, 2));
    const left = random.between(1, chain.rows.length - 1);
    for (const row of chain.rows.slice(left)) drop(chain.eventHash, row);
    if (random.next() < 0.5) claimed(chain, chain.rows.slice(0, left));
    return { code: 'chain-truncated', ...at(chain, left + 1) };
  },
  fork: ({ chains, seals, put }, random) => {
    const chain = oneOf(random, chains);
    const index = random.between(0, chain.rows.length - 1);
    const branch = rechained(
      chain.rows.map((row) => ({ ...row, columns: { ...row.columns, outcome: 'denied' } })),
      chain.attempt,
      0,
    );
    const hours = [...seals.keys()].slice(0, -1);
    const hour = oneOf(random, hours);
    const seal = seals.get(hour) as Seal;
    return random.pick<() => Expected>([
      () => {
        const { columns } = chain.rows[index] as Row;
        const other = rehashed({ key: '', columns: { ...columns, outcome: 'denied' } });
        put(chain.eventHash, { ...other, key: `${rowKey(chain.attempt, index + 1)}x` });
        return { code: 'chain-forked', ...at(chain, index + 1) };
      },
      () => {
        for (const row of branch) put(chain.eventHash, { ...row, key: `${row.key}x` });
        return { code: 'chain-forked', ...at(chain, 1) };
      },
      () => {
        const { leaves } = seal;
        const other = { previous: 'e'.repeat(64), leaves };
        const without = { previous: seal.previous, leaves: leaves.slice(1) };
        const isLinked = leaves.length > 0 && random.next() < 0.5;
        seals.set(hour, sealOf({ hour, ...(isLinked ? without : other) }));
        return { code: hour === hours[0] && !isLinked ? 'hour-missing' : 'seal-forked' };
      },
    ])();
  },
  'event gone': ({ leaves, remove }, random) => {
    const leaf = oneOf(random, leaves);
    const { eventHash, bodyHash } = leaf;
    remove(leaf, random);
    return {
      code: 'event-missing',
      ...(eventHash === undefined ? { bodyHash: bodyHash ?? '' } : { eventHash }),
    };
  },
  'hour gone': ({ seals, leaves, remove }, random) => {
    const hours = [...seals.keys()].slice(0, -1);
    const hour = oneOf(random, hours);
    const inHour = leaves.filter((leaf) => leaf.hour === hour);
    const isAlone = inHour.every(
      ({ eventHash }) =>
        eventHash === undefined ||
        leaves.filter((leaf) => leaf.eventHash === eventHash).length === 1,
    );
    const isSealKept = isAlone && inHour.length > 1 && random.next() < 0.5;
    if (isSealKept || random.next() < 0.5) for (const leaf of inHour) remove(leaf, random);
    if (!isSealKept) seals.delete(hour);
    return { code: 'hour-missing', hour };
  },
};
