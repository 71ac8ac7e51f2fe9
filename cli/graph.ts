import { clouds } from '../shared/graph/clouds';
import type { EntitlementsOptions } from '../shared/graph/entitlements';
import { readConfig, SettingsFault, type Config } from '../shared/settings/config';
import { createCredential } from '../shared/settings/credential';
import type { AppSettings } from './app-settings';
import { Complaint } from './connection';

/** The app's settings as the app itself reads them; what is wrong with them is the person's to mend. */
export function configOf({ settings }: AppSettings): Config {
  try {
    return readConfig(settings);
  } catch (error) {
    throw error instanceof SettingsFault ? new Complaint(error.message) : error;
  }
}

/** Where the app's Graph is; over https under the person's own sign-in, over loopback under nobody's. */
export function graphOptions({ graph, identity }: Config): EntitlementsOptions {
  const cloud = clouds[graph.cloud];
  const root = graph.url ?? cloud.root;
  const secure = root.startsWith('https://');
  return {
    root,
    dialect: graph.dialect,
    draftRoots: graph.draftRoots,
    deadlineMs: graph.deadlineMs,
    appVersion: 'cli',
    ...(secure && { credential: createCredential(identity), scope: cloud.scope }),
  };
}
