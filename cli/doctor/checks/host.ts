import { fault, ok, type Finding } from '../finding';
import type { Patient } from '../patient';

const PATIENCE_MS = 5_000;

/** Whether the app of the local stack is loaded. No setting of an app in Azure names its own address. */
export async function checkHost({ app: { host } }: Pick<Patient, 'app'>): Promise<Finding[]> {
  if (host === undefined)
    return [
      ok('its address is in no setting, not checked; GET /api/health/ready of the app tells'),
    ];
  const live = await fetch(`${host}/api/health/live`, {
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => undefined);
  if (live?.ok) return [ok(`${host} has the app loaded`)];
  return [
    fault({
      name: 'host-unreachable',
      about: host,
      text: live ? `it answers ${live.status}` : 'it does not answer',
      todo: 'start it with "npm start -- --only host", and see what it prints',
    }),
  ];
}
