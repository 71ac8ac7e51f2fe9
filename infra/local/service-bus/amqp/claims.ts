import { unauthorized, unsupported } from '../refusal';
import { refusalFrom } from './answer';
import { replyOfRefusal, type Reply, type Request } from './request';
import { checkSharedAccessSignature } from './shared-access';

/**
 * Answers a put-token request on `$cbs` (claims-based security). Only shared access signatures are taken: nobody here
 * could check a token of Microsoft Entra ID.
 */
export function checkClaim({ operation, property, body }: Request): Reply {
  try {
    if (operation !== 'put-token') throw unsupported(`the $cbs operation "${operation}"`);
    if (property('type') === 'jwt') throw unsupported('tokens of Microsoft Entra ID');
    if (typeof body !== 'string') throw unauthorized('MalformedToken: the token is not a text.');
    checkSharedAccessSignature(body);
    return { status: 202, description: 'Accepted' };
  } catch (error) {
    return replyOfRefusal(refusalFrom(error));
  }
}
