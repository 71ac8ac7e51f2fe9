import { faultsOf } from '../../../../infra/package/bundle';

const sound = ['functions/main.ts', 'node_modules/@azure/functions/index.js'];
const none = new Map<string, Uint8Array>();
const root = process.cwd();
const holding = (text: string) => new Map([['dist/functions/app.js', Buffer.from(text)]]);

test('the product and its dependencies have no fault', () => {
  expect(faultsOf(root, holding('const answer = 42;'), sound)).toEqual([]);
});

test.each([
  ['a stand-in', 'infra/local/functions-host/main.ts', 'is not part of the product'],
  ['a test', 'test/unit/graph/errors.test.ts', 'is not part of the product'],
  ['a development dependency', 'node_modules/fflate/lib/node.cjs', 'is a development dependency'],
  [
    'a second copy of the library',
    'node_modules/durable-functions/node_modules/@azure/functions/index.js',
    'is a second @azure/functions',
  ],
])('%s among the sources is reported', (_what, source, fault) => {
  expect(faultsOf(root, none, [...sound, source])).toEqual([expect.stringContaining(fault)]);
});

const key = 'A'.repeat(43);
test.each([
  ['a connection string', `"AccountName=a;AccountKey=${key}=;"`],
  ['a connection string', `"Endpoint=sb://x/;SharedAccessKey=${key}="`],
  ['a private key', `-----BEGIN PRIVATE KEY-----\\n${key}`],
  ['the local stack', 'readFileSync("stack.json")'],
  ['local settings', 'load("local.settings.json")'],
  ['local settings', 'load("/app/.env")'],
  ['a test', 'require("./claims.test.js")'],
])('%s in a file is reported', (what, text) => {
  expect(faultsOf(root, holding(text), sound)).toEqual([
    expect.stringContaining(`dist/functions/app.js contains ${what}`),
  ]);
});

test('the key that all emulators share is allowed, because the tables client contains it', () => {
  const text = 'AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq';
  expect(faultsOf(root, holding(text), sound)).toEqual([]);
});
