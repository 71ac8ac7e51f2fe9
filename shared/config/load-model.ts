import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { TokenCredential } from '@azure/identity';
import { readBlob } from '../blobs';
import type { AccessModel } from '../domain/access-model/access-model';
import { describeIssues, plainIssue } from '../domain/issues';
import { readAccessModel, sampleFault } from '../domain/access-model/read-access-model';
import { Exclusions } from '../domain/lifecycle/gate';
import { isLoopback } from '../loopback';
import { readConfig, Settings, type Config } from './config';

/** The rules in force, and the hash by which every audit row names them. */
export type LoadedModel = { model: AccessModel; hash: string; advice?: readonly string[] };

/** Loads the access model from a file. Throws one Error that lists every fault of an invalid model. */
export function loadModelFile(path: string): LoadedModel {
  return sound(path, textOf(path, 'access model'));
}

function textOf(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what =
      code === 'ENOENT'
        ? `there is no ${name} at ${path}`
        : `the ${name} cannot be read: ${message}`;
    throw new Error(what, { cause: error });
  }
}

/** Loads the access model from a blob by its https address, with a token of the identity. */
export async function loadModelBlob(
  url: string,
  credential: TokenCredential,
  deadlineMs?: number,
): Promise<LoadedModel> {
  return sound(url, await blobText(url, 'access model', credential, deadlineMs));
}

async function blobText(
  url: string,
  name: string,
  credential: TokenCredential,
  deadlineMs?: number,
): Promise<string> {
  const access = { name, credential, ...(deadlineMs !== undefined && { deadlineMs }) };
  return (await readBlob(url, access)).bytes.toString('utf8');
}

/** The content of a file or blob, and when it was changed last. */
type Content = { bytes: Buffer; changedAt: Date };

/**
 * The bytes of a roster and of its map, and when the roster was changed last: each is a file, its path relative to
 * `appFolder`, or a blob by its https address. Throws if one cannot be read.
 */
export async function loadRoster(
  { place, map }: { place: string; map: string },
  appFolder: string,
  credential: TokenCredential,
): Promise<Content & { map: Buffer }> {
  const read = async (from: string): Promise<Content> => {
    if (from.startsWith('https://')) return readBlob(from, { name: 'roster', credential });
    const path = resolve(appFolder, from);
    return { bytes: await readFile(path), changedAt: (await stat(path)).mtime };
  };
  const [content, { bytes }] = await Promise.all([read(place), read(map)]);
  return { ...content, map: bytes };
}

/** Loads the list of excluded people from a file; nobody is excluded without one. Throws an Error that lists every fault. */
export const loadExclusionsFile = (path: string): Exclusions =>
  soundExclusions(path, textOf(path, EXCLUSIONS));

/** Loads the list of excluded people from a blob, as `loadModelBlob` does. */
export const loadExclusionsBlob = async (
  url: string,
  credential: TokenCredential,
): Promise<Exclusions> => soundExclusions(url, await blobText(url, EXCLUSIONS, credential));

const EXCLUSIONS = 'list of exclusions';

function soundExclusions(from: string, text: string): Exclusions {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error(`the ${EXCLUSIONS} ${from} is no JSON`);
  }
  const read = Exclusions.safeParse(content, { error: plainIssue });
  if (read.success) return read.data;
  const faults = describeIssues(read.error.issues, 'the list').map((line) => `  ${line}`);
  throw new Error(`the ${EXCLUSIONS} ${from} has faults:\n${faults.join('\n')}`);
}

function sound(from: string, text: string): LoadedModel {
  const read = readAccessModel(text);
  if (read.kind === 'ok') {
    const { model, hash, advice } = read;
    return { model, hash, advice };
  }
  throw new Error(
    `the access model ${from} has faults:\n${read.faults.map((fault) => `  ${fault}`).join('\n')}`,
  );
}

/** What an app needs before it can do anything. What is in a blob is read later and undefined here. */
export type Startup = {
  config: Config;
  model: LoadedModel | undefined;
  exclusions: Exclusions | undefined;
};

/**
 * Reads settings and access model. Throws one Error that lists every missing or wrong setting and every fault of a model
 * file, because a host restarts the app after each correction. `appFolder` is where a relative path begins; `checkGraph`
 * throws if no token may be sent to that address.
 */
export function readStartup(
  env: NodeJS.ProcessEnv,
  appFolder: string,
  checkGraph: (url: string) => unknown,
): Startup {
  const faults: string[] = [];
  const attempt = <Read>(read: () => Read): Read | undefined => {
    try {
      return read();
    } catch (error) {
      faults.push((error as Error).message);
      return undefined;
    }
  };
  const config = attempt(() => readConfig(env));
  const model = attempt(() => {
    const from = Settings.shape.ACCESS_MODEL.safeParse(env['ACCESS_MODEL'] || undefined).data;
    // A wrong setting is among the faults already.
    if (from === undefined || from.startsWith('https://')) return undefined;
    return loadModelFile(resolve(appFolder, from));
  });
  const exclusions = attempt(() => {
    const from = env['EXCLUSIONS'] || undefined;
    if (from === undefined) return Exclusions.parse({});
    return from.startsWith('https://') ? undefined : loadExclusionsFile(resolve(appFolder, from));
  });
  const url = env['GRAPH_URL'];
  attempt(() => url && URL.canParse(url) && checkGraph(url));
  attempt(() => model && refuseSample(model, url || undefined));
  if (!config || faults.length > 0) throw new Error(faults.join('\n'));
  return { config, model, exclusions };
}

/**
 * Throws what to change if the model is that of the sample directory and Graph is not on this machine: its packages would
 * be made without the groups in them, or not at all.
 */
export function refuseSample({ model }: LoadedModel, graphUrl: string | undefined): void {
  const fault = isLoopback(graphUrl) ? undefined : sampleFault(model);
  if (fault !== undefined) throw new Error(fault);
}
