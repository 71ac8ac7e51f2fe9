import { createHmac } from 'node:crypto';

/** Far enough that no stack outlives it, wherever its clock was moved to. */
const EXPIRES = '2199-01-01T00:00:00Z';
const VERSION = '2019-12-12';

/**
 * The address of a container with an account signature that lets its bearer do some things with its blobs: `r` read, `c`
 * create, `l` list and so on. A blob can be created and not changed, as the role in Azure has it.
 * Source: https://learn.microsoft.com/rest/api/storageservices/create-account-sas
 */
export function signedContainer(connectionString: string, name: string, may: string): string {
  const member = (key: string): string =>
    new RegExp(`(?:^|;)${key}=([^;]+)`).exec(connectionString)?.[1] ?? '';
  const granted = { sp: may, ss: 'b', srt: 'co' };
  const text = `${member('AccountName')}\n${may}\nb\nco\n\n${EXPIRES}\n\n\n${VERSION}\n`;
  const key = Buffer.from(member('AccountKey'), 'base64');
  const sig = createHmac('sha256', key).update(text, 'utf8').digest('base64');
  const query = new URLSearchParams({ sv: VERSION, ...granted, se: EXPIRES, sig });
  return `${member('BlobEndpoint')}/${name}?${query.toString()}`;
}

/** Makes the container unless it is there. */
export async function createContainer(connectionString: string, name: string): Promise<void> {
  const url = `${signedContainer(connectionString, name, 'rwc')}&restype=container`;
  const { status } = await fetch(url, { method: 'PUT', headers: { 'x-ms-version': VERSION } });
  if (status !== 201 && status !== 409)
    throw new Error(`the container ${name} was not made: ${status}`);
}
