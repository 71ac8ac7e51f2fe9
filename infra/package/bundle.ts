import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { zipSync } from 'fflate';
import { z } from 'zod';

const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  main: z.string(),
  engines: z.object({ node: z.string() }),
});

/** Everything that is deployed, by its path inside the package. */
export type Contents = { version: string; files: Map<string, Uint8Array> };

/**
 * What the package holds: the bundle, host.json, the access model if one is given, the licence, and a package.json with only the members
 * that a host reads. Throws one Error that lists every fault if the package holds something that must not be deployed.
 */
export async function contentsOf(root: string, model: Uint8Array | undefined): Promise<Contents> {
  const read = (file: string): Uint8Array => readFileSync(join(root, file));
  const manifest = Manifest.parse(JSON.parse(Buffer.from(read('package.json')).toString()));
  const { files, sources } = await bundleApp(root);
  if (model) files.set('access-model.json', model);
  for (const file of ['host.json', 'LICENSE']) files.set(file, read(file));
  const shipped = JSON.stringify({ ...manifest, private: true }, null, 2);
  files.set('package.json', Buffer.from(`${shipped}\n`));
  const faults = faultsOf(root, files, sources);
  if (faults.length > 0) throw new Error(`not packed:\n  ${faults.join('\n  ')}`);
  return { version: manifest.version, files };
}

/** The app's code in a few files by path, and the source files in them: paths from the project's root, with `/`. */
type Bundle = { files: Map<string, Uint8Array>; sources: string[] };

const FOLDER = 'dist/functions';

/** A stack names TypeScript lines only if source maps are enabled before the code is loaded. */
const ENTRY = `'use strict';
process.setSourceMapsEnabled(true);
require('./app.js');
`;

/** Modules that a dependency requires if they are installed. Here they are development dependencies of other packages. */
const OPTIONAL = ['supports-color'];

/**
 * Bundles the app from its sources. `@azure/functions-core` is external because the worker provides it. The output is not
 * minified: that does not load faster, and stacks would be unreadable. Throws the errors and the warnings of esbuild.
 */
async function bundleApp(root: string): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: { app: 'functions/main.ts' },
    outdir: FOLDER,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['@azure/functions-core', ...OPTIONAL],
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'eof',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  if (warnings.length > 0) {
    throw new Error(`the bundle has warnings:\n${warnings.map(({ text }) => text).join('\n')}`);
  }
  const files = new Map<string, Uint8Array>([[`${FOLDER}/main.js`, Buffer.from(ENTRY)]]);
  for (const { path, contents } of outputFiles) {
    files.set(path.slice(join(root, '/').length).replaceAll('\\', '/'), contents);
  }
  return { files, sources: Object.keys(metafile.inputs).sort() };
}

const Lock = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })),
});

/** Text that occurs only in files that must not be deployed: stand-ins, tests, settings of one machine, secrets. */
const forbidden: [what: string, pattern: RegExp][] = [
  ['the local stack', /infra[\\/]local|JOINERY_DATA_DIR|stack\.json/],
  ['a test', /\.test\.[jt]s|@swc[\\/]jest/],
  ['local settings', /local\.settings\.json|["'`/]\.env["'`.]/],
  // Except the key that all emulators share: the tables client contains it.
  ['a connection string', /(AccountKey|SharedAccessKey)=(?!Eby8vdM02xNOcqFl)[\w+/=]{40,}/],
  ['a private key', /BEGIN [A-Z ]*PRIVATE KEY-----(\s|\\n)*[\w+/=]{16,}/],
];

const PRODUCT = /^(functions|orchestrations|shared)\//;
const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** Every source, dependency and text in the package that must not be deployed. */
export function faultsOf(
  root: string,
  files: ReadonlyMap<string, Uint8Array>,
  sources: readonly string[],
): string[] {
  const packages = [...new Set(sources.map((source) => PACKAGE.exec(source)?.[0] ?? ''))];
  return [
    ...sources
      .filter((source) => !PRODUCT.test(source) && !PACKAGE.test(source))
      .map((source) => `${source} is not part of the product`),
    ...devOnly(root, packages).map((name) => `${name} is a development dependency`),
    ...copies(packages, '@azure/functions').map((name) => `${name} is a second @azure/functions`),
    ...[...files].flatMap(([path, bytes]) => forbiddenIn(path, Buffer.from(bytes).toString())),
  ];
}

function devOnly(root: string, packages: string[]): string[] {
  const lock = Lock.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  return packages.filter((name) => name !== '' && lock.packages[name]?.dev !== undefined);
}

/** Each copy registers its own programming model, and the last one replaces the others for all functions. */
const copies = (packages: string[], name: string): string[] =>
  packages.filter((path) => path.endsWith(`node_modules/${name}`)).slice(1);

const forbiddenIn = (path: string, text: string): string[] =>
  forbidden.flatMap(([what, pattern]) => {
    const found = pattern.exec(text);
    return found ? [`${path} contains ${what}, at character ${found.index}`] : [];
  });

/** The earliest time that a zip can store. It is in local time, as the zip's own field is. */
const EPOCH = new Date(1980, 0, 1);
const UNIX = 3;
const READ_BY_ALL = 0o100644 << 16;

/** Packs files by their paths. The same files give the same bytes at any time and on any machine. */
export function zipOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return zipSync(Object.fromEntries(sorted), {
    level: 9,
    mtime: EPOCH,
    os: UNIX,
    attrs: READ_BY_ALL,
  });
}

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');
