import { eventually } from '../../support/eventually';

export type Reply = { status: number; body: unknown; headers: Headers };

export type InstanceStatus = {
  instanceId: string;
  runtimeStatus: string;
  output: unknown;
  input: unknown;
  customStatus: unknown;
  historyEvents?: { EventType: string; [member: string]: unknown }[];
};

/** Calls to one host, through the durable management API and through the app's own HTTP functions. */
export function durableCalls(url: string) {
  const api = `${url}/runtime/webhooks/durabletask`;

  const call = async (method: string, path: string, body?: unknown): Promise<Reply> => {
    const response = await fetch(path.startsWith('http') ? path : `${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    const parsed: unknown = isJson && text ? JSON.parse(text) : text;
    return { status: response.status, body: parsed, headers: response.headers };
  };
  const status = async (id: string, query = ''): Promise<InstanceStatus> =>
    (await call('GET', `${api}/instances/${id}${query}`)).body as InstanceStatus;

  return {
    call,
    api: (method: string, path: string, body?: unknown) => call(method, `${api}${path}`, body),
    status,
    start: (name: string, id: string, input?: unknown) =>
      call('POST', `/api/start/${name}/${id}`, input),
    /** A method of the SDK's client, run by the fixture app. */
    client: async (method: string, id: string, ...args: unknown[]) =>
      call('POST', `/api/client/${method}/${id}`, { args }),
    ended: (id: string) =>
      eventually(`the end of ${id}`, async () => {
        const now = await status(id);
        return ['Pending', 'Running', 'Suspended'].includes(now.runtimeStatus) ? undefined : now;
      }),
  };
}
