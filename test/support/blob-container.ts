import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import BlobConfiguration from 'azurite/dist/src/blob/BlobConfiguration';
import BlobServer from 'azurite/dist/src/blob/BlobServer';
import { selfSigned } from './certificate';

/** Azurite's blobs as Azure serves them to an app: over TLS, and by a token. */
export type BlobContainer = {
  /** The address of the container `reports`. */
  url: string;
  /** PEM, and the file that it is in: who connects has to trust it. */
  certificate: string;
  certificateFile: string;
  /** A token of an identity for storage, as Azurite checks it: by everything but its signature. */
  token: string;
  /** Method, path and status of every write to a blob so far. */
  writes: () => string[];
  /** What is in each blob, by its name. */
  blobs: () => Promise<Map<string, string>>;
  /** The container is made by the infrastructure, so it can be missing. */
  make: () => Promise<void>;
  close: () => Promise<void>;
};

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const FAR_SECONDS = 4_000_000_000;
const TOKEN = [
  encoded({ alg: 'none', typ: 'JWT' }),
  encoded({
    ...{ aud: 'https://storage.azure.com', iss: 'https://sts.windows.net/joinery/' },
    ...{ iat: 0, nbf: 0, exp: FAR_SECONDS },
  }),
  'unsigned',
].join('.');

/** Starts it without the container. */
export async function openBlobContainer(): Promise<BlobContainer> {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-blobs-'));
  const file = (name: string): string => join(folder, name);
  const { certificate, key } = selfSigned();
  await Promise.all([writeFile(file('cert.pem'), certificate), writeFile(file('key.pem'), key)]);
  const lines: string[] = [];
  const log = new Writable({
    write: (line: Buffer, _, done) => {
      lines.push(line.toString());
      done();
    },
  });
  const extents = [{ locationId: 'Default', locationPath: file('extents'), maxConcurrency: 10 }];
  const server = new BlobServer(
    Object.assign(
      new BlobConfiguration('127.0.0.1', 0, 60, file('blob.json'), file('extents.json'), extents),
      {
        ...{ cert: file('cert.pem'), key: file('key.pem'), oauth: 'basic' },
        ...{ skipApiVersionCheck: true, enableAccessLog: true, accessLogWriteStream: log },
      },
    ),
  );
  await server.start();
  const url = `${server.getHttpServerAddress()}/devstoreaccount1/reports`;

  const ask = async (method: string, address: string): Promise<string> => {
    const asked = request(address, {
      ...{ method, ca: certificate, agent: false },
      headers: { authorization: `Bearer ${TOKEN}`, 'x-ms-version': '2021-12-02' },
    }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const body = await text(answer);
    if ((answer.statusCode ?? 500) >= 300) throw new Error(`${answer.statusCode}: ${body}`);
    return body;
  };
  return {
    ...{ url, certificate, certificateFile: file('cert.pem'), token: TOKEN },
    writes: () =>
      lines.flatMap((line) => {
        const [, path, status] = /"PUT (\S+\/reports\/\S+) \S+" (\d+)/.exec(line) ?? [];
        return path === undefined ? [] : [`${path.split('/').at(-1)} ${status}`];
      }),
    blobs: async () => {
      const list = await ask('GET', `${url}?restype=container&comp=list`);
      const names = [...list.matchAll(/<Name>([^<]+)<\/Name>/g)].map(([, name = '']) => name);
      const contents = names.map(
        async (name) => [name, await ask('GET', `${url}/${name}`)] as const,
      );
      return new Map(await Promise.all(contents));
    },
    make: async () => {
      await ask('PUT', `${url}?restype=container`);
    },
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
