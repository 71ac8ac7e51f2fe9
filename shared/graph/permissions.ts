import { AsyncLocalStorage } from 'node:async_hooks';
import type { PipelineResponse } from '@azure/core-rest-pipeline';
import type { Evidence } from '../domain/workflow/outcome';
import { evidenceOf, GraphError } from './errors';
import { refusal } from './read-answer';
import { bearerOf, spread, type Call, type Transport } from './transport';

/** One operation on the resources of one catalog: what a permission of an identity allows or not. */
export type Use = { operation: string; catalog: string };

/**
 * Graph refuses a use now. `hasWorked`: it allowed the same use to this identity before. `isShared`: it concerns every
 * object of the catalog, as far as is known.
 */
export type RefusedUse = Evidence & { hasWorked: boolean; isShared: boolean; waitMs: number };

/** What Graph allowed and refuses, shared by all processes. */
export type Permissions = {
  /** How long `check` may take, in milliseconds. */
  withinMs: number;
  /** The refusal that this call must wait out; undefined if it may be made, for one as the probe that speaks for all. */
  check: (use: Use) => Promise<RefusedUse | undefined>;
  /** Graph did not refuse: it answered `worked`, or with a fault of the request. `token`: what the call was made with. */
  allowed: (use: Use, token: string | undefined, worked: boolean) => Promise<void>;
  /** Graph refused. `isOneObject`: unless the use was refused already, this says nothing of other objects. */
  refused: (
    use: Use,
    token: string | undefined,
    evidence: Evidence,
    isOneObject: boolean,
  ) => Promise<RefusedUse>;
};

type Scope = {
  catalog?: string | undefined;
  /** Whether something was made so lately that a replica may answer 403 because it does not know it. */
  isFresh?: () => boolean;
  /** Whether the caller can do without the answer, so that a 403 is no news of what the app is allowed. */
  isOptional?: boolean;
};

const scopes = new AsyncLocalStorage<Scope>();

/** Every call to Graph within `act` concerns this catalog, or meets what was just made. */
export const inScope = <Result>(scope: Scope, act: () => Promise<Result>): Promise<Result> =>
  scopes.run({ ...scopes.getStore(), ...scope }, act);

/** Whether a call made here says what it concerns, so that it cannot be shared with another one. */
export const isScoped = (): boolean => scopes.getStore() !== undefined;

export const isOptional = (): boolean => scopes.getStore()?.isOptional === true;

/** Calls of no catalog: the directory, and the search for catalogs. */
const TENANT = 'tenant';

/** The id in a path, unless it is the catalog's. Graph's ids are UUIDs, and so are those that the draft dialect makes. */
const OBJECT_ID = /(?<!catalogs\/)[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/i;

/**
 * Tells whether a 403 may mean no more than that Graph does not know the id of the object: no other object was refused since
 * the use was last allowed, as this process met it.
 */
function createSuspects(send: Transport) {
  const suspects = new Map<string, string>();
  const keyOf = ({ operation, catalog }: Use): string => `${operation}.${catalog}`;
  /** What only the body names is looked at: everybody may ask for the same object, and the loss of a permission would go unseen. */
  const objectOf = async ({ operation, url, object }: Call): Promise<string | undefined> => {
    if (object !== undefined && (await isThere(send, operation, object))) return undefined;
    return OBJECT_ID.exec(new URL(object ?? url).pathname)?.[0].toLowerCase();
  };
  return {
    isOneObject: async (use: Use, call: Call): Promise<boolean> => {
      const object = await objectOf(call);
      if (object === undefined) return false;
      const first = suspects.get(keyOf(use)) ?? object;
      suspects.set(keyOf(use), first);
      return first === object;
    },
    clear: (use: Use): boolean => suspects.delete(keyOf(use)),
  };
}

/** Whether an object can be read, or may be there as far as the answer tells. */
async function isThere(send: Transport, operation: string, url: string): Promise<boolean> {
  try {
    const { status } = await send({ operation, method: 'GET', url });
    return status !== 403 && status !== 404;
  } catch (error) {
    if (error instanceof GraphError) return true;
    throw error;
  }
}

/**
 * Remembers which operations Graph allows. After a refusal (401, 403) it sends only one call of this operation on this
 * catalog at a time, ever less often, until one is allowed: the others end with the recorded refusal, without a call.
 * A 403 may also mean that Graph does not know the id of the object, so one object's 403 stops no call of another.
 */
export function withPermissions(send: Transport, permissions: Permissions): Transport {
  const suspects = createSuspects(send);
  return async (call) => {
    const { catalog = TENANT, isFresh } = scopes.getStore() ?? {};
    const isNews = (status: number | undefined): boolean =>
      status === 401 || (status === 403 && !isOptional() && !isFresh?.());
    const use = { operation: call.operation, catalog };
    const shut = await permissions.check(use);
    if (shut) throw recorded(call, shut, isOptional() && shut.graphStatus === 403);
    const response = await send(call);
    const { status } = response;
    const token = bearerOf(response.request);
    if (isAllowed(status)) {
      suspects.clear(use);
      await permissions.allowed(use, token, status < 300);
    }
    if (!isNews(status)) return response;
    const { fault } = refusal(call, response);
    const isOneObject = status === 403 && (await suspects.isOneObject(use, call));
    const refused = await permissions.refused(use, token, evidenceOf(fault), isOneObject);
    throw new GraphError(call.operation, { ...fault, ...memoryOf(refused) });
  };
}

/** Whether the answer shows that the caller has the permission. */
const isAllowed = (status: PipelineResponse['status']): boolean =>
  status < 500 && ![401, 403, 408, 429].includes(status);

const memoryOf = ({ hasWorked, isShared, waitMs }: RefusedUse) => ({
  ...{ hasWorked, isOneObject: !isShared },
  retryAfterSeconds: spread(waitMs / 1000, Math.random()),
});

/** `isFinal`: nobody waits until it passes. */
function recorded(call: Call, shut: RefusedUse, isFinal: boolean): GraphError {
  const { graphStatus, errorCode = '', graphRequestId } = shut;
  return new GraphError(call.operation, {
    ...{ status: graphStatus, code: errorCode, requestId: graphRequestId },
    ...(!isFinal && memoryOf(shut)),
    ambiguous: false,
  });
}
