import { ok, notChecked, type Finding } from '../finding';
import type { Patient } from '../patient';
import { callerOf } from '../caller';

/** Under whose sign-in this looks, and whom it looks for. Ids only. */
export async function checkIdentity(patient: Patient): Promise<Finding[]> {
  const { identity, isLoopback } = patient;
  const app =
    identity === undefined ? "the app's identity was not named" : `the app is ${identity}`;
  if (isLoopback.graph) return [ok(`nobody: no token travels over loopback http; ${app}`)];
  const caller = await callerOf(patient).catch(() => undefined);
  if (!caller)
    return [notChecked('no token was to be had', 'sign in, for instance with "az login"')];
  return [ok(`${caller.isApp ? 'an application' : 'a person'}, ${caller.id}; ${app}`)];
}
