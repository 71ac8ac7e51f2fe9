import type { TokenCredential } from '@azure/identity';
import { createCaller } from './call';
import { checkRoot } from './graph-root';
import type { Dialect } from './dialects';
import { dialectTable } from './dialects';
import type { DraftRoots } from './draft-roots';
import { draftRoots } from './draft-roots';
import { throttled, type Throttle } from './throttle';
import { createTokenSource } from './token-source';
import type { TransportOptions } from './transport';
import { createTransport } from './transport';
import { assignmentVerbs, catalogVerbs, directoryVerbs, packageVerbs } from './verbs';

const defaultDeadlineMs = 30_000;

export type EntitlementsOptions = {
  /** `https://graph.microsoft.com` or another cloud's; http only for this machine. */
  root: string;
  dialect: Dialect;
  /** Where the documents of the draft dialect are sent to, unless it is where their examples say. */
  draftRoots?: DraftRoots;
  /** Required over https, never used over http. */
  credential?: TokenCredential;
  /** The scope of the token; unless given, the root's host with `/.default`. */
  scope?: string;
  /** How long one call, and one token, may take. */
  deadlineMs?: number;
  /** What all who act in this tenant know of its throttling; without it each call finds out by itself. */
  throttle?: Throttle;
  appVersion: string;
};

/**
 * The verbs of entitlement management, the same in every dialect. Each is one call (a list: one per page), never
 * repeated here, and throws `GraphError`. Throws at once if the root is not one that a token may be sent to.
 */
export function createEntitlements(options: EntitlementsOptions) {
  const { root, routes, send } = openDialect(options);
  const caller = createCaller(root, routes, send);
  return {
    /** How long one call may take at most, asking the throttle included: what a lease must have left before a write. */
    deadlineMs: (options.deadlineMs ?? defaultDeadlineMs) + (options.throttle?.withinMs ?? 0),
    ...directoryVerbs(caller),
    ...catalogVerbs(caller),
    ...packageVerbs(caller),
    ...assignmentVerbs(caller),
  };
}

/** The way to Graph and the table of the dialect. Throws if the root is not one that a token may be sent to. */
export function openDialect(options: EntitlementsOptions) {
  const { root, secure } = checkRoot(options.root, options.credential !== undefined);
  const { routes, placeholderToken } = dialectTable(
    options.dialect,
    options.draftRoots ?? draftRoots,
  );
  const direct = createTransport(transportOptions(options, secure, placeholderToken));
  const send = options.throttle ? throttled(direct, options.throttle) : direct;
  return { root, routes, send };
}

export type Entitlements = ReturnType<typeof createEntitlements>;

function transportOptions(
  options: EntitlementsOptions,
  secure: boolean,
  placeholderToken: string | undefined,
): TransportOptions {
  const { appVersion, credential, deadlineMs = defaultDeadlineMs } = options;
  if (!secure || !credential) {
    return { appVersion, deadlineMs, ...(placeholderToken !== undefined && { placeholderToken }) };
  }
  const scope = options.scope ?? `${new URL(options.root).origin}/.default`;
  return { appVersion, deadlineMs, tokens: createTokenSource(credential, scope, deadlineMs) };
}
