import { buffer } from 'node:stream/consumers';
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createEmptyPipeline,
  createPipelineRequest,
  type PipelineRequestOptions,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { isLoopback } from './loopback';
import { withDeadline } from './promises';

// Blobs by their https address, with a token of the identity and no other way: one request each, nothing of it repeated. Those
// of this machine take an address that is signed.

const DEADLINE_MS = 30_000;
const SCOPE = 'https://storage.azure.com/.default';
/** Older versions of the service take no token. */
const VERSION = '2021-12-02';

/** Who asks for a blob. `name`: what the blob is, for errors. Without a credential the address has to be signed. */
export type BlobAccess = {
  name: string;
  credential?: TokenCredential | undefined;
  deadlineMs?: number;
};

/** The address of a blob in a container; what signs the address of the container signs it too. */
export function blobIn(container: string, name: string): string {
  const url = new URL(container);
  url.pathname += `/${name}`;
  return url.href;
}

/** An answer of the blob service that is no success. */
export class BlobRefused extends Error {
  override name = 'BlobRefused';
  readonly status: number;
  constructor(message: string, status: number) {
    super(`${message}: ${status} from its blob`);
    this.status = status;
  }
}

/**
 * The content of a blob, and when it was changed last. Throws BlobRefused for any other answer, and the errors of
 * network and credential.
 * Source: https://learn.microsoft.com/rest/api/storageservices/get-blob
 */
export async function readBlob(
  url: string,
  { name, ...access }: BlobAccess,
): Promise<{ bytes: Buffer; changedAt: Date }> {
  const streamResponseStatusCodes = new Set([200]);
  return withAnswer({ url, streamResponseStatusCodes }, access, async (answer) => {
    if (answer.status !== 200 || !answer.readableStreamBody)
      throw new BlobRefused(`the ${name} cannot be read`, answer.status);
    const bytes = await buffer(answer.readableStreamBody);
    return { bytes, changedAt: new Date(answer.headers.get('last-modified') ?? Number.NaN) };
  });
}

/**
 * Writes a blob that is never written again: one that is there stays as it is. Throws BlobRefused for any other
 * answer, and the errors of network and credential.
 * Source: https://learn.microsoft.com/rest/api/storageservices/put-blob
 */
export async function addBlob(
  url: string,
  { text, type }: { text: string; type: string },
  { name, ...access }: BlobAccess,
): Promise<void> {
  const options = { url, method: 'PUT', body: text } as const;
  await withAnswer(
    options,
    access,
    ({ status, headers }) => {
      const isThere = status === 409 && headers.get('x-ms-error-code') === 'BlobAlreadyExists';
      if (status === 201 || isThere) return Promise.resolve();
      throw new BlobRefused(`the ${name} cannot be written`, status);
    },
    { 'content-type': type, 'if-none-match': '*', 'x-ms-blob-type': 'BlockBlob' },
  );
}

/**
 * The names of all blobs in a container, sorted. Throws BlobRefused for an answer that is no list.
 * Source: https://learn.microsoft.com/rest/api/storageservices/list-blobs
 */
export async function listBlobs(
  container: string,
  { name, ...access }: BlobAccess,
): Promise<string[]> {
  const names: string[] = [];
  for (let marker: string | undefined = ''; marker !== undefined;) {
    const url = new URL(container);
    url.searchParams.set('restype', 'container');
    url.searchParams.set('comp', 'list');
    if (marker !== '') url.searchParams.set('marker', marker);
    const page = await withAnswer({ url: url.href }, access, ({ status, bodyAsText }) => {
      if (status !== 200 || typeof bodyAsText !== 'string')
        throw new BlobRefused(`the ${name} cannot be listed`, status);
      return Promise.resolve(bodyAsText);
    });
    // Names of ours have no character that XML escapes.
    for (const [, blob = ''] of page.matchAll(/<Name>([^<]*)<\/Name>/g)) names.push(blob);
    marker = /<NextMarker>([^<]+)<\/NextMarker>/.exec(page)?.[1];
  }
  return names.sort();
}

async function withAnswer<Result>(
  options: PipelineRequestOptions,
  { credential, deadlineMs = DEADLINE_MS }: Omit<BlobAccess, 'name'>,
  read: (answer: PipelineResponse) => Promise<Result>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const pipeline = createEmptyPipeline();
  if (credential)
    pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: SCOPE }));
  return withDeadline(deadlineMs, async (abortSignal) => {
    const allowInsecureConnection = isLoopback(options.url);
    const request = createPipelineRequest({ ...options, abortSignal, allowInsecureConnection });
    for (const [header, value] of Object.entries({ 'x-ms-version': VERSION, ...headers }))
      request.headers.set(header, value);
    return read(await pipeline.sendRequest(createDefaultHttpClient(), request));
  });
}
