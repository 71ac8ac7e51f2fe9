import { createHmac, timingSafeEqual } from 'node:crypto';
import { unauthorized, unsupported } from '../refusal';
import { refusalFrom } from './answer';
import { type Reply, replyOfRefusal, type Request } from './request';

/**
 * Answers a put-token request on `$cbs` (claims-based security). Only shared access signatures are accepted: a token of
 * Microsoft Entra ID cannot be checked locally.
 */
export function checkClaim({ operation, property, body }: Request): Reply {
  try {
    if (operation !== 'put-token') throw unsupported(`the $cbs operation "${operation}"`);
    if (property('type') === 'jwt') throw unsupported('tokens of Microsoft Entra ID');
    if (typeof body !== 'string') throw unauthorized('MalformedToken: the token is not text.');
    checkSharedAccessSignature(body);
    return { status: 202, description: 'Accepted' };
  } catch (error) {
    return replyOfRefusal(refusalFrom(error));
  }
}

/** The only key of the namespace: the official emulator's, which is published and protects nothing. */
export const KEY_NAME = 'RootManageSharedAccessKey';
export const KEY = 'SAS_KEY_VALUE';

/**
 * Checks the shared access signature of a `$cbs` put-token request
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas). Throws a Refusal for another key, an expired
 * token or a wrong signature.
 */
function checkSharedAccessSignature(token: string): void {
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
