import { describeAccount } from '../../../shared/config/identity';
import { ok, notChecked, type Finding } from '../finding';
import { SIGN_IN } from '../../graph';
import type { Patient } from '../patient';

/** Under whose sign-in this looks at Graph, and whom it looks for. Ids only. */
export function checkIdentity({ identity, account, isLoopback }: Patient): Promise<Finding[]> {
  const app =
    identity === undefined ? "the app's identity was not named" : `the app is ${identity}`;
  const who = isLoopback.graph
    ? 'nobody: no token travels over loopback http'
    : account && describeAccount(account);
  return Promise.resolve([
    who === undefined ? notChecked('nobody is signed in to Graph', SIGN_IN) : ok(`${who}; ${app}`),
  ]);
}
