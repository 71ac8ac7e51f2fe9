import { readFileSync } from 'node:fs';
import {
  bearerTokenAuthenticationPolicy,
  createEmptyPipeline,
  createDefaultHttpClient,
  createPipelineRequest,
} from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { withDeadline } from '../deadline';
import type { AccessModel } from '../domain/access-model/access-model';
import { readAccessModel } from '../domain/access-model/read-access-model';

/** The rules in force, and the hash by which every audit row names them. */
export type LoadedModel = { model: AccessModel; hash: string; advice?: readonly string[] };

const DEADLINE_MS = 30_000;
const STORAGE_SCOPE = 'https://storage.azure.com/.default';

/** Loads the access model from a file. Throws one Error that lists every fault of an invalid model. */
export function loadModelFile(path: string): LoadedModel {
  return sound(path, textOf(path));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what =
      code === 'ENOENT'
        ? `there is no access model at ${path}`
        : `the access model cannot be read: ${message}`;
    throw new Error(what, { cause: error });
  }
}

/**
 * Loads the access model from a blob by its https address, with a token of the identity.
 * Source: https://learn.microsoft.com/rest/api/storageservices/get-blob
 */
export async function loadModelBlob(
  url: string,
  credential: TokenCredential,
  deadlineMs = DEADLINE_MS,
): Promise<LoadedModel> {
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: STORAGE_SCOPE }));
  const answer = await withDeadline(deadlineMs, (abortSignal) => {
    const request = createPipelineRequest({ url, abortSignal });
    request.headers.set('x-ms-version', '2021-12-02');
    return pipeline.sendRequest(createDefaultHttpClient(), request);
  });
  if (answer.status !== 200)
    throw new Error(`the access model cannot be read: ${answer.status} from its blob`);
  return sound(url, answer.bodyAsText ?? '');
}

function sound(from: string, text: string): LoadedModel {
  const read = readAccessModel(text);
  if (read.kind === 'ok') {
    const { model, hash, advice } = read;
    return { model, hash, advice };
  }
  throw new Error(
    `the access model ${from} has faults:\n${read.faults.map((fault) => `  ${fault}`).join('\n')}`,
  );
}
