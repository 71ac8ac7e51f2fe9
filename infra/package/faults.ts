import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Lock = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })),
});

/** Words that stand only in what must not be deployed: stand-ins, tests, settings of a machine, secrets. */
const forbidden: [what: string, pattern: RegExp][] = [
  ['the local stack', /infra[\\/]local|JOINERY_DATA_DIR|stack\.json/],
  ['a test', /\.test\.[jt]s|@swc[\\/]jest/],
  ['local settings', /local\.settings\.json|["'`/]\.env["'`.]/],
  // But for the key that all emulators share, which the tables client knows by heart.
  ['a connection string', /(AccountKey|SharedAccessKey)=(?!Eby8vdM02xNOcqFl)[\w+/=]{40,}/],
  ['a private key', /BEGIN [A-Z ]*PRIVATE KEY-----(\s|\\n)*[\w+/=]{16,}/],
];

const PRODUCT = /^(functions|orchestrations|shared)\//;
const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** What is wrong with a package: a source, a dependency or a text that must not be deployed, each by name. */
export function faultsOf(
  root: string,
  files: ReadonlyMap<string, Uint8Array>,
  sources: readonly string[],
): string[] {
  const packages = [...new Set(sources.map((source) => PACKAGE.exec(source)?.[0] ?? ''))];
  return [
    ...sources
      .filter((source) => !PRODUCT.test(source) && !PACKAGE.test(source))
      .map((source) => `${source} is no part of the product`),
    ...devOnly(root, packages).map((name) => `${name} is a development dependency`),
    ...copies(packages, '@azure/functions').map((name) => `${name} is a second @azure/functions`),
    ...[...files].flatMap(([path, bytes]) => wordsIn(path, Buffer.from(bytes).toString())),
  ];
}

function devOnly(root: string, packages: string[]): string[] {
  const lock = Lock.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  return packages.filter((name) => name !== '' && lock.packages[name]?.dev !== undefined);
}

/** Each copy would register a programming model of its own, and the last one would win for all functions. */
const copies = (packages: string[], name: string): string[] =>
  packages.filter((path) => path.endsWith(`node_modules/${name}`)).slice(1);

const wordsIn = (path: string, text: string): string[] =>
  forbidden.flatMap(([what, pattern]) => {
    const found = pattern.exec(text);
    return found ? [`${path} holds ${what}, at character ${found.index}`] : [];
  });
