import fc from 'fast-check';
import { z } from 'zod';
import { BoundedAttributes } from '../../../shared/domain/events/event';
import { createMemory, fromColumns, toColumns } from '../../../shared/storage/rows';
import { entityOf } from '../../../shared/storage/table';

test('scalars stay columns that a person can read and filter by', () => {
  expect(toColumns({ text: 'a', count: 3, yes: false, absent: undefined, list: ['a'] })).toEqual({
    text: 'a',
    count: 3,
    yes: false,
    list: 'json:["a"]',
  });
});

test('any record comes back as it was, whatever its texts look like', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `json:${rest}`),
    fc.constantFrom('json:', 'json:null', 'json:"a"', 'JSON:x', ' json:x'),
  );
  const value = fc.oneof(
    text,
    fc.integer(),
    fc.boolean(),
    fc.array(text),
    fc.dictionary(text, text, { noNullPrototype: true }),
  );
  const record = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), value, { noNullPrototype: true });
  const anything = z.record(z.string(), z.unknown());
  fc.assert(
    fc.property(record, (written) => {
      const columns = toColumns(written);
      expect(fromColumns(anything, columns)).toEqual(written);
      expect(Object.values(columns).every((cell) => typeof cell !== 'object')).toBe(true);
    }),
  );
});

test('a row that does not fit is a defect, never guessed around', () => {
  expect(() => fromColumns(z.object({ count: z.number() }), { count: 'three' })).toThrow(
    z.ZodError,
  );
  expect(() => fromColumns(z.object({ list: z.array(z.string()) }), { list: 'json:[' })).toThrow();
});

test('as many attributes as an event may have fit into one column', () => {
  const attributes = Object.fromEntries(
    Array.from({ length: 32 }, (_, at) => [`a${at}`, '\u0000'.repeat(at < 20 ? 256 : 13)]),
  );
  expect(JSON.stringify(attributes).length).toBeGreaterThan(31_900);
  expect(BoundedAttributes.safeParse(attributes).success).toBe(true);
  expect(() => entityOf('partition', 'key', toColumns({ attributes }))).not.toThrow();
});

test('what is remembered stays as it was when it was remembered', () => {
  const memory = createMemory<{ columns: Record<string, unknown> }>();
  const columns = { text: 'ä→𝄞', count: 3, yes: false };
  memory.set('changed later', { columns });
  columns.text = 'later';
  expect(memory.get('changed later')).toEqual({ columns: { text: 'ä→𝄞', count: 3, yes: false } });
});

test('a memory takes four megabytes; what was remembered first is dropped first', () => {
  const memory = createMemory<string>();
  const [rows, row] = [60, 'x'.repeat(64 * 1024)];
  const rememberedOf = (): number =>
    Array.from({ length: rows + 20 }, (_, n) => memory.get(`${n}`)).filter(Boolean).length;
  for (let n = 0; n < rows; n += 1) memory.set(`${n}`, row);
  expect(rememberedOf()).toBe(rows);
  for (let n = 0; n < 100; n += 1) memory.set('0', row);
  expect(rememberedOf()).toBe(rows);
  for (let n = rows; n < rows + 20; n += 1) memory.set(`${n}`, row);
  expect(rememberedOf()).toBe(63);
  expect([memory.get('0'), memory.get('1')]).toEqual([row, undefined]);
  memory.forget('50');
  memory.set('more', row);
  expect(rememberedOf()).toBe(62);
});
