import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { checkRoot } from '../../shared/graph/graph-root';
import { tenantReads } from '../../shared/graph/tenant';
import { createTokenSource } from '../../shared/graph/token-source';
import { createTransport } from '../../shared/graph/transport';
import { v1Calls } from '../../shared/graph/call';

export type TenantGraph = ReturnType<typeof createTenantGraph>;

const deadlineMs = 60_000;

/**
 * Calls of Graph v1.0 for which the product's client has no function, over the product's transport: a token only over https,
 * one attempt each, `GraphError` on any error status. Paths are relative to the version.
 */
export function createTenantGraph(options: {
  root: string;
  credential?: TokenCredential | undefined;
}) {
  const { root, secure } = checkRoot(options.root, options.credential !== undefined);
  const { credential } = options;
  const tokens =
    secure && credential
      ? createTokenSource(credential, `${root}/.default`, deadlineMs)
      : undefined;
  const send = createTransport({ appVersion: 'infra', deadlineMs, ...(tokens && { tokens }) });
  const calls = v1Calls(root, send);
  const { ask, list } = calls;
  return {
    ...tenantReads(calls),
    read: <Answer>(path: string, answer: z.ZodType<Answer>) =>
      ask(operationOf('GET', path), ['GET', path], answer),
    list: <Item>(path: string, item: z.ZodType<Item>): Promise<Item[]> =>
      list(operationOf('GET', path), path, item),
    create: <Answer>(path: string, body: object, answer: z.ZodType<Answer>) =>
      ask(operationOf('POST', path), ['POST', path], answer, body),
    remove: async (path: string): Promise<void> => {
      await ask(operationOf('DELETE', path), ['DELETE', path], z.unknown());
    },
  };
}

/** The method and path without the query and without a user's name or id, because errors are printed. */
const operationOf = (method: string, path: string): string =>
  `${method} ${(path.split('?')[0] ?? '').replace(/^users\/.*/, 'users/{id}')}`;
