import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../local/stack/service';
import { compareLoads } from './bench';
import { contentsOf, type Contents } from './contents';
import { sha256, zipOf } from './zip';

const usage = `Packs the app as it is deployed: joinery-<version>.zip, and the same unpacked in the folder package. The same
sources give the same bytes. Nothing is packed that is not the product or one of its production dependencies.

usage: npm run package -- [options]
  --out <dir>  the folder of both (dist)
  --bench      then load the functions from the package and from the unbundled build, and compare their CPU
  --runs <n>   processes for each of the two (11)
  --json       print JSON and nothing else
  --help       this text`;

/** Deployments carry the package over the network; esbuild has no reason to make it larger than this. */
const MOST_BYTES = 15_000_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(projectRoot(), 'dist') },
      bench: { type: 'boolean', default: false },
      runs: { type: 'string', default: '11' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs takes a whole number from 1, not "${values.runs}"`);
  const packed = pack(resolve(values.out), await contentsOf(projectRoot()));
  if (!values.json) console.log(told(packed));
  const loads = values.bench ? compareLoads(packed.folder, runs, values.json) : undefined;
  if (values.json) console.log(JSON.stringify({ ...packed, ...loads }, null, 2));
}

function pack(out: string, { version, files }: Contents) {
  const folder = join(out, 'package');
  rmSync(folder, { recursive: true, force: true });
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const zip = zipOf(files);
  if (zip.length > MOST_BYTES)
    throw new Error(`the package has ${zip.length} bytes, more than ${MOST_BYTES}`);
  const file = join(out, `joinery-${version}.zip`);
  writeFileSync(file, zip);
  return {
    zip: file,
    folder,
    files: [...files.keys()].sort(),
    bytes: zip.length,
    sha256: sha256(zip),
  };
}

const told = ({ zip, files, bytes, sha256: hash }: ReturnType<typeof pack>): string =>
  [
    `${relative('', zip)}: ${(bytes / 1e6).toFixed(2)} MB, ${files.length} files`,
    ...files.map((file) => `  ${file}`),
    `sha256 ${hash}`,
  ].join('\n');

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
