import { createHmac, timingSafeEqual } from 'node:crypto';
import { unauthorized } from '../refusal';

/** The one key of the namespace: the official emulator's, which is published and protects nothing. */
export const KEY_NAME = 'RootManageSharedAccessKey';
export const KEY = 'SAS_KEY_VALUE';

/**
 * Checks a shared access signature as a `$cbs` put-token brings it
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas). Throws a Refusal if it is of another key,
 * expired, or signed wrongly.
 */
export function checkSharedAccessSignature(token: string): void {
  const [scheme, parameters = ''] = token.split(' ', 2);
  const fields = new Map(
    parameters.split('&').map((pair): [string, string] => {
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      return [name, value];
    }),
  );
  const [sr, se, skn, sig] = ['sr', 'se', 'skn', 'sig'].map((name) => fields.get(name) ?? '');
  if (scheme !== 'SharedAccessSignature' || !sr || !se || !sig) {
    throw unauthorized('MalformedToken: the token is not a shared access signature.');
  }
  if (decodeURIComponent(skn ?? '') !== KEY_NAME) {
    throw unauthorized(`InvalidSignature: the local Service Bus knows the key ${KEY_NAME} only.`);
  }
  if (Number(se) * 1000 < Date.now()) throw unauthorized('ExpiredToken: the token is expired.');
  const expected = createHmac('sha256', KEY).update(`${sr}\n${se}`).digest();
  const given = Buffer.from(decodeURIComponent(sig), 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw unauthorized('InvalidSignature: The token has an invalid signature.');
  }
}
