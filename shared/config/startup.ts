import { resolve } from 'node:path';
import { sampleFault } from '../domain/access-model/sample-ids';
import { isLoopback } from '../loopback';
import { readConfig, Settings, type Config } from './config';
import { loadModelFile, type LoadedModel } from './load-model';

/** What an app needs before it can do anything. `model` is undefined if it is in a blob, which is read later. */
export type Startup = { config: Config; model: LoadedModel | undefined };

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
    const from = Settings.shape.ACCESS_MODEL.parse(env['ACCESS_MODEL'] || undefined);
    return from.startsWith('https://') ? undefined : loadModelFile(resolve(appFolder, from));
  });
  const url = env['GRAPH_URL'];
  attempt(() => url && URL.canParse(url) && checkGraph(url));
  attempt(() => model && refuseSample(model, url || undefined));
  if (!config || faults.length > 0) throw new Error(faults.join('\n'));
  return { config, model };
}

/**
 * Throws what to change if the model is that of the sample directory and Graph is not on this machine: its packages would
 * be made without the groups in them, or not at all.
 */
export function refuseSample({ model }: LoadedModel, graphUrl: string | undefined): void {
  const fault = isLoopback(graphUrl) ? undefined : sampleFault(model);
  if (fault !== undefined) throw new Error(fault);
}
