import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { checkRoot } from '../../shared/graph/graph-root';
import { items } from '../../shared/graph/pages';
import { readAnswer, readShape } from '../../shared/graph/read-answer';
import { createTokenSource } from '../../shared/graph/token-source';
import { createTransport, type Call, type Transport } from '../../shared/graph/transport';

export type TenantGraph = ReturnType<typeof createTenantGraph>;

/** A person may take a while to sign in; how long a call may take does not count that in. */
const signInMs = 5 * 60_000;
const deadlineMs = 60_000;

/**
 * The few calls of Graph v1.0 that the product has no verb for, over the product's own transport: a token only over
 * https, one try each, `GraphError` on any refusal. Paths begin below the version.
 */
export function createTenantGraph(options: {
  root: string;
  credential?: TokenCredential | undefined;
}) {
  const { root, secure } = checkRoot(options.root, options.credential !== undefined);
  const base = `${root}/v1.0`;
  const { credential } = options;
  const tokens =
    secure && credential ? createTokenSource(credential, `${root}/.default`, signInMs) : undefined;
  const transport = createTransport({ appVersion: 'infra', deadlineMs, ...(tokens && { tokens }) });
  const send: Transport = async (call) => {
    await tokens?.current();
    return transport(call);
  };

  const ask = async <Answer>(
    method: Call['method'],
    path: string,
    answer: z.ZodType<Answer>,
    body?: object,
  ): Promise<Answer> => {
    const call = {
      operation: operationOf(method, path),
      method,
      url: `${base}/${path}`,
      ...(body && { body }),
    };
    const response = await send(call);
    return readShape(call, response, answer, readAnswer(call, response));
  };

  return {
    read: <Answer>(path: string, answer: z.ZodType<Answer>) => ask('GET', path, answer),
    list: async <Item>(path: string, item: z.ZodType<Item>): Promise<Item[]> => {
      const call = {
        operation: operationOf('GET', path),
        method: 'GET',
        url: `${base}/${path}`,
      } as const;
      const found: Item[] = [];
      for await (const one of items(send, call, base, item)) found.push(one);
      return found;
    },
    create: <Answer>(path: string, body: object, answer: z.ZodType<Answer>) =>
      ask('POST', path, answer, body),
    remove: async (path: string): Promise<void> => {
      await ask('DELETE', path, z.unknown());
    },
  };
}

/** The address without what follows the question mark and without what names a person: errors are printed. */
const operationOf = (method: string, path: string): string =>
  `${method} ${(path.split('?')[0] ?? '').replace(/^users\/.*/, 'users/{id}')}`;
