import { type InstanceRecord, isLive } from '../store/state';
import { historyView, statusView } from './instance-view';
import { BadRequestError, ConflictError, type TaskHub } from './task-hub';

type ApiRequest = {
  method: string;
  /** Path below the API's base, decoded. */
  segments: readonly string[];
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
  url: string;
};

type ApiReply = { status: number; body?: unknown; headers?: Record<string, string> };

type Api = { hub: TaskHub; origin: string; taskHubName: string };

/** The HTTP API of the durable extension: the operations of the JavaScript client. */
export async function handleManagement(api: Api, request: ApiRequest): Promise<ApiReply> {
  try {
    return await route(api, request);
  } catch (error) {
    if (error instanceof ConflictError) return { status: 409, body: { Message: error.message } };
    if (error instanceof BadRequestError) return { status: 400, body: { Message: error.message } };
    throw error;
  }
}

async function route(api: Api, request: ApiRequest): Promise<ApiReply> {
  const { method, segments } = request;
  const [collection, id, operation] = segments;
  if (collection === 'orchestrators' && method === 'POST' && id) return start(api, request);
  if (collection === 'entities') return notImplemented('Durable entities');
  if (collection !== 'instances') return { status: 404 };
  if (!id && method === 'GET') return list(api, request);
  if (!id && method === 'DELETE') return purgeMany(api, request);
  const record = id ? api.hub.find(id) : undefined;
  if (!record) return { status: 404 };
  if (!operation && method === 'GET') return show(api, request, record);
  if (!operation && method === 'DELETE') return purgeOne(api, record);
  if (operation && method === 'POST') return operate(api, request, record);
  return { status: 404 };
}

async function start({ hub, origin, taskHubName }: Api, request: ApiRequest): Promise<ApiReply> {
  const [, name = '', id] = request.segments;
  const version = request.query.get('version') ?? undefined;
  const input = jsonBody(request.body);
  return accepted(await hub.start({ name, id, input, version }), origin, taskHubName);
}

function accepted(id: string, origin: string, taskHubName: string): ApiReply {
  const body = managementUrls(origin, taskHubName, encodeURIComponent(id));
  const headers = { location: body['statusQueryGetUri'] ?? '', 'retry-after': '10' };
  return { status: 202, body: { ...body, id }, headers };
}

async function show(
  { hub }: Api,
  { query, url }: ApiRequest,
  record: InstanceRecord,
): Promise<ApiReply> {
  const showInput = query.get('showInput') !== 'false';
  const outputs = query.get('showHistoryOutput') === 'true';
  const withHistory = query.get('showHistory') === 'true';
  const historyEvents = withHistory
    ? historyView(await hub.history(record.id), { inputs: showInput, outputs })
    : undefined;
  const body = { ...statusView(record, showInput), ...(historyEvents ? { historyEvents } : {}) };
  if (isLive(record)) return { status: 202, body, headers: { location: url, 'retry-after': '5' } };
  const failedAsError =
    record.status === 'Failed' && query.get('returnInternalServerErrorOnFailure') === 'true';
  return { status: failedAsError ? 500 : 200, body };
}

const PAGE = 100;
const CONTINUATION = 'x-ms-continuation-token';

function list({ hub }: Api, { query, headers }: ApiRequest): ApiReply {
  const after = headers[CONTINUATION];
  const token = typeof after === 'string' ? Buffer.from(after, 'base64url').toString() : '';
  const size = Number(query.get('top')) || PAGE;
  const rest = hub.query(filter(query)).filter(({ id }) => id > token);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const more = last && rest.length > size;
  const next = more ? { [CONTINUATION]: Buffer.from(last.id).toString('base64url') } : {};
  const showInput = query.get('showInput') !== 'false';
  return { status: 200, body: page.map((record) => statusView(record, showInput)), headers: next };
}

function filter(query: URLSearchParams) {
  const time = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    const value = Date.parse(text);
    if (Number.isNaN(value)) throw new BadRequestError(`'${name}' is not a time.`);
    return value;
  };
  return {
    from: time('createdTimeFrom'),
    to: time('createdTimeTo'),
    statuses: query.getAll('runtimeStatus').flatMap((list) => list.split(',').filter(Boolean)),
    prefix: query.get('instanceIdPrefix') ?? undefined,
  };
}

async function purgeOne({ hub }: Api, record: InstanceRecord): Promise<ApiReply> {
  return { status: 200, body: { instancesDeleted: await hub.purge([record.id]) } };
}

async function purgeMany({ hub }: Api, { query }: ApiRequest): Promise<ApiReply> {
  const filters = filter(query);
  if (filters.from === undefined) {
    return { status: 400, body: "Please provide value for 'createdTimeFrom' parameter." };
  }
  const instancesDeleted = await hub.purge(hub.query(filters).map(({ id }) => id));
  return instancesDeleted > 0 ? { status: 200, body: { instancesDeleted } } : { status: 404 };
}

async function operate(api: Api, request: ApiRequest, record: InstanceRecord): Promise<ApiReply> {
  const { hub } = api;
  const [, , operation = '', eventName] = request.segments;
  const reason = request.query.get('reason') ?? '';
  const { id } = record;
  const name = operation.toLowerCase();
  if (name === 'rewind') return notImplemented('Rewind');
  if (name === 'restart') return restart(api, request, record);
  if (!isLive(record)) return { status: 410 };
  switch (name) {
    case 'raiseevent':
      if (!isJson(request))
        throw new BadRequestError('Only application/json content is supported.');
      if (!eventName) throw new BadRequestError('The name of the event is missing.');
      await hub.raise(id, eventName, jsonBody(request.body));
      return { status: 202 };
    case 'terminate':
      await hub.terminate(id, reason);
      return { status: 202 };
    case 'suspend':
    case 'resume': {
      const suspended = record.status === 'Suspended';
      if (suspended !== (name === 'resume')) return wrongState(name, record);
      await hub[name](id, reason);
      return { status: 202 };
    }
    default:
      return { status: 404 };
  }
}

async function restart(api: Api, { query }: ApiRequest, record: InstanceRecord): Promise<ApiReply> {
  const sameId = query.get('restartWithNewInstanceId') === 'false';
  const { name, input, id, version } = record;
  const started = await api.hub.start({ name, input, version, id: sameId ? id : undefined });
  return accepted(started, api.origin, api.taskHubName);
}

/** The extension answers 500 as well. */
function wrongState(operation: string, { status }: InstanceRecord): ApiReply {
  const Message = `Cannot ${operation} an orchestration in the state ${status}.`;
  return { status: 500, body: { Message } };
}

function notImplemented(feature: string): ApiReply {
  return { status: 501, body: { Message: `${feature}: not supported by the local host.` } };
}

function isJson({ headers }: ApiRequest): boolean {
  return /application\/json/i.test(String(headers['content-type']));
}

/** Checks that a body is JSON and returns its text; null for an empty body. */
function jsonBody(body: string): string | null {
  if (body === '') return null;
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    throw new BadRequestError('The body is not valid JSON.');
  }
}

/** The two paths of the durable management API. */
export const WEBHOOK_PATH = '/runtime/webhooks/durabletask';
export const RPC_PATH = '/durabletask';

/**
 * The value of the `durableClient` input binding. The SDK calls `rpcBaseUrl`; the app gives the other addresses to its
 * callers.
 */
export function clientBinding(origin: string, taskHubName: string) {
  const baseUrl = `${origin}${WEBHOOK_PATH}`;
  const key = 'code=local';
  const query = `taskHub=${taskHubName}&connection=Storage&${key}`;
  const create = `${baseUrl}/orchestrators/{functionName}[/{instanceId}]`;
  const instance = `${baseUrl}/instances/INSTANCEID`;
  return {
    taskHubName,
    creationUrls: {
      createNewInstancePostUri: `${create}?${key}`,
      createAndWaitOnNewInstancePostUri: `${create}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${key}`,
    },
    managementUrls: {
      id: 'INSTANCEID',
      statusQueryGetUri: `${instance}?${query}`,
      sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
      terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
      rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
      purgeHistoryDeleteUri: `${instance}?${query}`,
      restartPostUri: `${instance}/restart?${query}`,
      suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
      resumePostUri: `${instance}/resume?reason={text}&${query}`,
    },
    baseUrl,
    requiredQueryStringParameters: key,
    rpcBaseUrl: `${origin}${RPC_PATH}/`,
  };
}

/** The addresses of one instance. */
function managementUrls(origin: string, taskHubName: string, instanceId: string) {
  const { managementUrls: urls } = clientBinding(origin, taskHubName);
  return Object.fromEntries(
    Object.entries(urls).map(([name, url]) => [name, url.replace('INSTANCEID', instanceId)]),
  );
}
