import type { AppSettings } from '../../app-settings';
import { fault, orOk, type Finding } from '../finding';

/** Read by the Functions host and not by the app: `name`, or members of `name__`. */
const OF_THE_HOST = ['ServiceBus', 'AzureWebJobsStorage'];

/** What the app itself would complain about at its start, and what the host would miss. Names and rules, never values. */
export function settingsFindings(
  { settings, local }: AppSettings,
  faults: readonly { setting: string; rule: string }[],
): Finding[] {
  const wrong = faults.map(({ setting, rule }) =>
    settings[setting]
      ? fault({
          name: 'setting-wrong',
          about: setting,
          text: 'it is not what it has to be',
          todo: `give ${rule}`,
        })
      : missing(setting, rule),
  );
  const names = Object.keys(settings).filter((name) => settings[name]);
  const isThere = (setting: string) =>
    names.some((name) => name === setting || name.startsWith(`${setting}__`));
  const unset = OF_THE_HOST.filter((setting) => !isThere(setting));
  const connections = unset.map((setting) =>
    missing(setting, `a connection string, or ${setting}__... for the managed identity`),
  );
  const from = local ? 'of the local stack' : 'as handed over';
  return orOk([...wrong, ...connections], `every setting is there and well formed, ${from}`);
}

const missing = (setting: string, rule: string): Finding =>
  fault({ name: 'setting-missing', about: setting, text: 'it is not set', todo: `give ${rule}` });
