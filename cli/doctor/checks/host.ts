import type { AppSettings } from '../../connection';
import type { DoctorContext } from '../context';
import { fault, ok, orOk, type Finding } from '../finding';

const LEAST = [20, 19] as const;

/** Whether this version of Node runs the app and its commands. The same as `engines` in package.json. */
export function nodeFindings(version: string): Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
  if (enough) return [ok(version)];
  const todo = `install Node ${LEAST.join('.')} or newer`;
  return [fault({ name: 'node-too-old', text: `this is Node ${version}`, todo })];
}

/** Read by the Functions host: `name`, or members of `name__`. */
const HOST_CONNECTIONS = ['ServiceBus', 'AzureWebJobsStorage'];

/** The settings that would stop the app, and the connections that the host lacks. Names and rules, never values. */
export function settingsFindings(
  { settings, local }: AppSettings,
  faults: readonly { setting: string; rule: string }[],
): Finding[] {
  const wrong = faults.map(({ setting, rule }) =>
    settings[setting]
      ? fault({
          name: 'setting-wrong',
          about: setting,
          text: 'it is invalid',
          todo: `set it to ${rule}`,
        })
      : missing(setting, rule),
  );
  const names = Object.keys(settings).filter((name) => settings[name]);
  const isThere = (setting: string) =>
    names.some((name) => name === setting || name.startsWith(`${setting}__`));
  const unset = HOST_CONNECTIONS.filter((setting) => !isThere(setting));
  const connections = unset.map((setting) =>
    missing(setting, `a connection string, or ${setting}__... for the managed identity`),
  );
  const from = local ? 'in the local stack' : 'as given';
  return orOk([...wrong, ...connections], `every setting is present and well formed, ${from}`);
}

const missing = (setting: string, rule: string): Finding =>
  fault({
    name: 'setting-missing',
    about: setting,
    text: 'it is not set',
    todo: `set it to ${rule}`,
  });

const DEADLINE_MS = 5_000;

/** Whether the app of the local stack is loaded. An app in Azure has no setting with its own address. */
export async function checkHost({ app: { host } }: Pick<DoctorContext, 'app'>): Promise<Finding[]> {
  if (host === undefined)
    return [
      ok('not checked, because no setting holds its address; use GET /api/health/ready of the app'),
    ];
  const live = await fetch(`${host}/api/health/live`, {
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).catch(() => undefined);
  if (live?.ok) return [ok(`${host} has the app loaded`)];
  return [
    fault({
      name: 'host-unreachable',
      about: host,
      text: live ? `it answers ${live.status}` : 'it does not answer',
      todo: 'start it with "npm start -- --only host" and read its output',
    }),
  ];
}
