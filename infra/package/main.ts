import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { sampleFault } from '../../shared/domain/access-model/read-access-model';
import { runTool, integerOption } from '../command-line';
import { projectRoot } from '../local/stack/service';
import { compareLoads } from './bench';
import { contentsOf, sha256, zipOf, type Contents } from './bundle';

const usage = `Packs the app for deployment: joinery-<version>.zip, and the same files unpacked in the folder "package". The same
sources give the same bytes. Only the product and its production dependencies are packed.

usage: npm run package -- [options]
  --sample     pack the sample model too, whose app starts only where Graph is on this machine
  --out <dir>  where to write both (dist)
  --bench      also load the functions from the package and from the unbundled build, and compare their CPU time
  --runs <n>   processes per build with --bench (11)
  --json       print only JSON
  --help       print this text`;

/** An upper bound that the bundle stays far below: a larger package is a mistake, and slows each deployment down. */
const MOST_BYTES = 15_000_000;

const options = {
  sample: { type: 'boolean', default: false },
  out: { type: 'string', default: join(projectRoot(), 'dist') },
  bench: { type: 'boolean', default: false },
  runs: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

type Command = { sample: boolean; out: string; bench: boolean; runs: number; json: boolean };

async function run({ sample, out, bench, runs, json }: Command): Promise<number> {
  const model = modelToPack(sample, process.env['JOINERY_ACCESS_MODEL_BLOB']);
  const packed = pack(out, await contentsOf(projectRoot(), model));
  if (!json) console.log(describePackage(packed));
  const loads = bench ? compareLoads(packed.folder, runs, json) : undefined;
  if (json) console.log(JSON.stringify({ ...packed, ...loads }, null, 2));
  return loads?.isWithinGoal === false ? 1 : 0;
}

/**
 * The model to pack, or none where the app reads it from a blob. Throws what to change if it is the sample model, which
 * could only fail where the package is deployed.
 */
function modelToPack(isSample: boolean, blob: string | undefined): Uint8Array | undefined {
  if (blob) return undefined;
  const model = readFileSync(join(projectRoot(), 'access-model.json'));
  const fault = isSample ? undefined : sampleFault(JSON.parse(model.toString('utf8')));
  if (fault === undefined) return model;
  throw new Error(
    `not packed: access-model.json: ${fault}. If the app reads its model from a blob, set JOINERY_ACCESS_MODEL_BLOB; for ` +
      'measurements and tests add --sample',
  );
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

const describePackage = ({ zip, files, bytes, sha256: hash }: ReturnType<typeof pack>): string =>
  [
    `${relative('', zip)}: ${(bytes / 1e6).toFixed(2)} MB, ${files.length} files`,
    ...files.map((file) => `  ${file}`),
    `sha256 ${hash}`,
  ].join('\n');

void runTool({
  usage,
  options,
  read: ({ sample, out, bench, runs, json }) => {
    if (runs !== undefined && !bench) throw new Error('--runs needs --bench');
    return {
      sample,
      out: resolve(out),
      bench,
      runs: integerOption('--runs', runs ?? '11', 1),
      json,
    };
  },
  run,
});
