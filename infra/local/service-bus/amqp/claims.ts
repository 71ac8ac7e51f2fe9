import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Connection } from 'rhea';
import { machineTime } from '../../clock/clock';
import { unauthorized, unsupported } from '../refusal';
import { refusalFrom } from './answer';
import { type Reply, replyOfRefusal, type Request } from './request';

/**
 * Answers a put-token request on `$cbs` (claims-based security). Only shared access signatures are accepted: a token of
 * Microsoft Entra ID cannot be checked locally.
 */
export function checkClaim({ operation, property, body }: Request, connection: Connection): Reply {
  try {
    if (operation !== 'put-token') throw unsupported(`the $cbs operation "${operation}"`);
    if (property('type') === 'jwt') throw unsupported('tokens of Microsoft Entra ID');
    if (typeof body !== 'string') throw unauthorized('MalformedToken: the token is not text.');
    granted.set(connection, checkSharedAccessSignature(body));
    return { status: 202, description: 'Accepted' };
  } catch (error) {
    return replyOfRefusal(refusalFrom(error));
  }
}

/** The key of every policy of the namespace: the official emulator's, which is published and protects nothing. */
export const KEY_NAME = 'RootManageSharedAccessKey';
export const KEY = 'SAS_KEY_VALUE';

type Right = 'Send' | 'Listen';
/**
 * The shared access policies by name. `SendOnly` and `ListenOnly` have the rights of the roles Data Sender and Data
 * Receiver, `NoRights` those of a person without a role.
 */
const POLICIES: Readonly<Record<string, readonly Right[]>> = {
  [KEY_NAME]: ['Send', 'Listen'],
  SendOnly: ['Send'],
  ListenOnly: ['Listen'],
  NoRights: [],
};

/** What the token of a connection allows; without one, it came with the key itself. */
const granted = new WeakMap<Connection, readonly Right[]>();

/** Throws the Refusal of Azure if the token of the connection lacks the right. */
export function requireRight(connection: Connection, right: Right): void {
  if (granted.get(connection)?.includes(right) ?? true) return;
  throw unauthorized(
    `Unauthorized access. '${right}' claim(s) are required to perform this operation.`,
  );
}

/**
 * Checks the shared access signature of a `$cbs` put-token request
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas). Answers the rights of its policy. Throws a
 * Refusal for an unknown policy, an expired token or a wrong signature.
 */
function checkSharedAccessSignature(token: string): readonly Right[] {
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
  const rights = POLICIES[decodeURIComponent(skn ?? '')];
  if (!rights) {
    const names = Object.keys(POLICIES).join(', ');
    throw unauthorized(`InvalidSignature: the local Service Bus knows these keys only: ${names}.`);
  }
  // A client outside the stack has the time of the machine, also while the clock of the stack is moved.
  const now = Math.min(Date.now(), machineTime());
  if (Number(se) * 1000 < now) throw unauthorized('ExpiredToken: the token is expired.');
  const expected = createHmac('sha256', KEY).update(`${sr}\n${se}`).digest();
  const given = Buffer.from(decodeURIComponent(sig), 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw unauthorized('InvalidSignature: The token has an invalid signature.');
  }
  return rights;
}
