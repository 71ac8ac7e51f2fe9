import { publicKeyOf } from '../shared/domain/evidence/removal';
import { readBody } from './connection';
import { CliError } from './print';

/** The public keys in files of PEM, each of a public or a private key. */
export const publicKeysIn = (files: readonly string[]): Promise<string[]> =>
  Promise.all(files.map(publicKeyIn));

async function publicKeyIn(file: string): Promise<string> {
  const pem = (await readBody(file)).toString('utf8');
  try {
    return publicKeyOf(pem);
  } catch {
    throw new CliError(`${file} holds no Ed25519 key`, 2);
  }
}
