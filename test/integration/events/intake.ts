import type { FunctionHandler, InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { registerIntake } from '../../../functions/intake';
import type { Services } from '../../../functions/services';

export type Client = Pick<df.DurableClient, 'startNew' | 'getStatus'>;

/** A durable client that starts whatever it is asked to, and remembers what. */
export function startingClient() {
  const started: unknown[] = [];
  const client = {
    startNew: (name: string, options?: { instanceId?: string; input?: unknown }) => {
      started.push({ name, ...options });
      return Promise.resolve(options?.instanceId ?? '');
    },
    getStatus: () => Promise.reject(new Error('no such instance')),
  };
  return { client: client as unknown as Client, started };
}

/** Lets a test deliver bodies as the host does. */
export function intakeOf(services: Services, client: Client) {
  let handler: FunctionHandler | undefined;
  const registering = jest
    .spyOn(df.app.client, 'serviceBusQueue')
    .mockImplementation((_, options) => {
      handler = (message, context) => options.handler(message, client as df.DurableClient, context);
    });
  registerIntake(services);
  registering.mockRestore();
  const logged: string[] = [];
  const log = (line: string) => logged.push(line);
  return {
    logged,
    deliver: async (body: unknown, applicationProperties: object = {}): Promise<unknown> => {
      const context = { log, triggerMetadata: { applicationProperties } };
      return await handler?.(body, context as unknown as InvocationContext);
    },
  };
}
