import type { StackFile } from '../../../infra/local/stack/services';
import { QUEUE } from '../../support/events';
import { startStack, type TestStack, type TestStackOptions } from '../../support/test-stack';
import { startBusProxy } from './bus-proxy';
import { startHttpProxy, type Proxy } from './http-proxy';
import { createTap, type Dependency, type Tap } from './tap';

/** A test stack whose host reaches bus, tables and Graph through proxies. The test itself reads past them. */
export type ProxiedStack = TestStack & {
  tap: Tap;
  /** Cuts the app off from a dependency, or connects it again. */
  setDown: (to: Dependency, isDown: boolean) => void;
};

/** Short message locks, so that what a killed host held is delivered again soon. */
const busConfig = {
  UserConfig: {
    Namespaces: [
      {
        Name: 'sbemulatorns',
        Queues: [{ Name: QUEUE, Properties: { LockDuration: 'PT5S', MaxDeliveryCount: 10 } }],
        Topics: [],
      },
    ],
    Logging: { Type: 'Console' },
  },
};

/** Starts a test stack with proxies in it. Throws as `startStack` does. */
export async function startProxiedStack({
  env = {},
  files = {},
}: Pick<TestStackOptions, 'env' | 'files'> = {}): Promise<ProxiedStack> {
  const tap = createTap();
  const proxies: Record<Dependency, Proxy> = {
    bus: await startBusProxy(tap),
    tables: await startHttpProxy('tables', tap),
    graph: await startHttpProxy('graph', tap),
  };
  const stopProxies = async (): Promise<void> => {
    for (const proxy of Object.values(proxies)) await proxy.stop();
  };
  let stack: TestStack;
  try {
    stack = await startStack({
      env,
      files: { SERVICE_BUS_CONFIG: busConfig, ...files },
      between: (parts) => throughProxies(proxies, parts),
    });
  } catch (error) {
    await stopProxies();
    throw error;
  }
  return {
    ...stack,
    tap,
    setDown: (to, isDown) => proxies[to].setDown(isDown),
    stop: async () => {
      await stack.stop();
      await stopProxies();
    },
  };
}

/** The addresses of the parts with the proxies' ports in them. Each proxy forwards to the port that it replaces. */
function throughProxies(proxies: Record<Dependency, Proxy>, parts: StackFile): StackFile {
  const { serviceBus, storage, graph } = parts;
  if (!serviceBus || !storage || !graph) return parts;
  const via = (to: Dependency, address: string, port: RegExp): string =>
    address.replace(port, (_, before: string, target: string) => {
      proxies[to].forwardTo(Number(target));
      return `${before}${proxies[to].port}`;
    });
  const bus = /(Endpoint=sb:\/\/127\.0\.0\.1:)(\d+)/;
  const tables = /(TableEndpoint=http:\/\/127\.0\.0\.1:)(\d+)/;
  return {
    ...parts,
    serviceBus: {
      ...serviceBus,
      connectionString: via('bus', serviceBus.connectionString, bus),
    },
    storage: { ...storage, connectionString: via('tables', storage.connectionString, tables) },
    graph: { ...graph, url: via('graph', graph.url, /(:)(\d+)/) },
  };
}
