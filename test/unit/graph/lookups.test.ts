import { GraphError } from '../../../shared/graph/errors';
import { createLookups } from '../../../shared/graph/lookups';
import { inScope } from '../../../shared/graph/permissions';

const PAUSE_MS = 60;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A directory that compares without case, as Graph does, and keeps what it was asked. `inGroups`: whom a group finds. */
function directory(values: string[], inGroups: (value: string) => boolean = () => true) {
  const asked: (readonly string[])[] = [];
  const find = (_: string, wanted: readonly string[]) => {
    asked.push(wanted);
    const isWanted = (value: string) =>
      wanted.some((one) => one.toLowerCase() === value.toLowerCase());
    const found = values.filter(
      (value) => isWanted(value) && (wanted.length === 1 || inGroups(value)),
    );
    return Promise.resolve(found.map((value, at) => ({ id: `${at}`, value })));
  };
  return { asked, find };
}
const numbers = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `W-${at + 1}`);
const valuesIn = (found: { value: string }[]): string[] => found.map(({ value }) => value);

test('who are looked for at the same moment share calls of at most 15, and each gets their own', async () => {
  const { asked, find } = directory(numbers(32));
  const lookup = createLookups(find, PAUSE_MS);
  const found = await Promise.all(numbers(32).map((one) => lookup('employeeId', one)));
  expect(found.map(valuesIn)).toEqual(numbers(32).map((one) => [one]));
  expect(asked.map((group) => group.length)).toEqual([15, 15, 2]);
});

test('one after another is looked for at once, each with a call of its own', async () => {
  const { asked, find } = directory(numbers(20));
  const lookup = createLookups(find, 60_000);
  for (const one of numbers(20)) expect(valuesIn(await lookup('employeeId', one))).toEqual([one]);
  expect(asked).toEqual(numbers(20).map((one) => [one]));
});

test('who comes while others are looked for waits for the next group', async () => {
  const { asked, find } = directory(numbers(9));
  const lookup = createLookups(find, PAUSE_MS);
  const looks: Promise<unknown>[] = [];
  for (const one of numbers(9)) {
    looks.push(lookup('employeeId', one));
    if (one === 'W-3') while (asked.length === 0) await turn();
  }
  await Promise.all(looks);
  expect(asked.map((group) => group.length)).toEqual([3, 6]);
});

test('a group does not say that somebody is missing, or has another spelling: they are asked for alone', async () => {
  const { asked, find } = directory(['W-1', 'w-2', 'W-3'], (value) => value !== 'W-3');
  const lookup = createLookups(find, PAUSE_MS);
  const found = await Promise.all(
    ['W-1', 'W-2', 'W-3', 'W-4', 'W-1'].map((one) => lookup('employeeId', one)),
  );
  expect(found.map(valuesIn)).toEqual([['W-1'], ['w-2'], ['W-3'], [], ['W-1']]);
  expect(asked).toEqual([['W-1', 'W-2', 'W-3', 'W-4'], ['W-2'], ['W-3'], ['W-4']]);
});

test('several people with one number are all found', async () => {
  const { find } = directory(['W-1', 'W-1', 'w-1', 'W-2']);
  const lookup = createLookups(find, PAUSE_MS);
  const found = await Promise.all(['W-1', 'W-2'].map((one) => lookup('employeeId', one)));
  expect(found.map(valuesIn)).toEqual([['W-1', 'W-1', 'w-1'], ['W-2']]);
});

test('long values are asked for in addresses that Graph takes', async () => {
  const long = numbers(15).map((one) => one.padEnd(250, 'x'));
  const { asked, find } = directory(long);
  const lookup = createLookups(find, PAUSE_MS);
  await Promise.all(long.map((one) => lookup('companyName', one)));
  expect(asked.map((group) => group.length)).toEqual([5, 5, 5]);
});

const refusing = (status: number) => {
  const asked: (readonly string[])[] = [];
  const find = (_: string, values: readonly string[]): Promise<{ value: string }[]> => {
    asked.push(values);
    if (values.length === 1) return Promise.resolve(values.map((value) => ({ value })));
    return Promise.reject(new GraphError('findUsers', { status, code: 'x', ambiguous: false }));
  };
  return { asked, find };
};

test('a group that Graph refuses is asked for one by one, and another fault is that of everybody in it', async () => {
  const refused = refusing(400);
  const lookup = createLookups(refused.find, PAUSE_MS);
  const found = await Promise.all(numbers(3).map((one) => lookup('employeeId', one)));
  expect(found.map(valuesIn)).toEqual(numbers(3).map((one) => [one]));
  const away = createLookups(refusing(503).find, PAUSE_MS);
  const looks = await Promise.allSettled(numbers(3).map((one) => away('employeeId', one)));
  expect(looks.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});

test('a value that no filter can hold fails nobody else', async () => {
  const { find } = directory(numbers(2));
  const lookup = createLookups(find, PAUSE_MS);
  const looks = await Promise.allSettled(
    ['W-1', 'W-\u0000', 'W-2'].map((one) => lookup('employeeId', one)),
  );
  expect(looks.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test.each(['onPremisesSecurityIdentifier', `extension_${'0a'.repeat(16)}_number`])(
  '%s is compared with one value at a time, and so is what concerns a catalog',
  async (attribute) => {
    const { asked, find } = directory(numbers(2));
    const lookup = createLookups(find, PAUSE_MS);
    await Promise.all(numbers(2).map((one) => lookup(attribute, one)));
    await inScope({ catalog: 'usual' }, () =>
      Promise.all(numbers(2).map((one) => lookup('employeeId', one))),
    );
    expect(asked).toEqual([['W-1'], ['W-2'], ['W-1'], ['W-2']]);
  },
);
