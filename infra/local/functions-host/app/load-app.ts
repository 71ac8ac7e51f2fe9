import { existsSync, readdirSync, readFileSync } from 'node:fs';
import Module from 'node:module';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  HookName,
  LogLevel,
  ProgrammingModel,
} from './worker-types';

const CORE = '@azure/functions-core';

/** The default capabilities of the Node worker of Azure Functions; the library adds one when it streams HTTP. */
const capabilities: Record<string, string> = {
  RawHttpBodyBytes: 'true',
  RpcHttpTriggerMetadataRemoved: 'true',
  RpcHttpBodyOnly: 'true',
  IgnoreEmptyValuedRpcHttpHeaders: 'true',
  UseNullableValueDictionaryForHttp: 'true',
  WorkerStatus: 'true',
  TypedDataCollection: 'true',
  HandlesWorkerTerminateMessage: 'true',
};

export type LogSink = (line: {
  level: LogLevel;
  category: string;
  message: string;
  functionName?: string;
}) => void;

/** A loaded app. `streamUri` is its own HTTP address if it enables HTTP streaming. */
export type App = { registrations: Registrations; streamUri: string | undefined };

/**
 * Loads an app the way the worker does: the virtual core module first, then every entry point, then the `appStart`
 * hooks; then registration is closed. Only one app can be loaded per process, because `@azure/functions` keeps the first
 * core module that it finds.
 */
export async function loadApp(appDir: string, sink: LogSink): Promise<App> {
  const registrations = noRegistrations();
  supplyCore(
    coreApi(registrations, (level, category, message) => sink({ level, category, message })),
  );

  const { files, esm } = entryPoints(appDir);
  const load = createRequire(__filename);
  for (const file of files) {
    const isEsm = file.endsWith('.mjs') || (esm && !file.endsWith('.cjs'));
    if (isEsm) await import(pathToFileURL(file).href);
    else load(file);
  }
  const { hooks, appHookData, appLevelHookData, model } = registrations;
  for (const hook of hooks.appStart) {
    await hook({ hookData: appLevelHookData, appHookData, functionAppDirectory: appDir });
  }
  const offered = await model?.getCapabilities?.(capabilities);
  registrations.locked = true;
  return { registrations, streamUri: offered?.['HttpUri'] };
}

/** Makes `require` return the module that has no package, as the worker does. */
function supplyCore(core: unknown): void {
  const prototype = Module.prototype as { require: (this: unknown, id: string) => unknown };
  const original = prototype.require;
  prototype.require = function (id) {
    return id === CORE ? core : original.call(this, id);
  };
}

export type RegisteredFunction = { metadata: FunctionMetadata; callback: FunctionCallback };

/** What an app registered while it was loaded. */
export type Registrations = {
  functions: Map<string, RegisteredFunction>;
  hooks: Record<HookName, HookCallback[]>;
  appHookData: Record<string, unknown>;
  /** What `appStart` hooks leave for `appTerminate` hooks. */
  appLevelHookData: Record<string, unknown>;
  model?: ProgrammingModel;
  locked: boolean;
};

export function noRegistrations(): Registrations {
  return {
    functions: new Map(),
    hooks: { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [], log: [] },
    appHookData: {},
    appLevelHookData: {},
    locked: false,
  };
}

/**
 * The module `@azure/functions-core` as `@azure/functions` expects it: registration, hooks and the system log. `log`
 * must exist: by it the library recognises a host that can stream HTTP.
 */
export function coreApi(
  registrations: Registrations,
  log: (level: LogLevel, category: string, message: string) => void,
) {
  const { functions, hooks } = registrations;
  return {
    version: '3.13.0',
    hostVersion: '4.0.0-local',
    Disposable,
    log,
    setProgrammingModel: (model: ProgrammingModel) => {
      registrations.model = model;
    },
    getProgrammingModel: () => registrations.model,
    registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) => {
      const id = metadata.functionId ?? metadata.name;
      if (registrations.locked) {
        throw new Error(`Function "${id}" was registered after the app had started.`);
      }
      if (functions.has(id)) throw new Error(`A function named "${id}" is registered twice.`);
      functions.set(id, { metadata, callback });
      return new Disposable(() => functions.delete(id));
    },
    registerHook: (name: HookName, callback: HookCallback) => {
      if (!Object.hasOwn(hooks, name)) throw unknownHook(name);
      hooks[name].push(callback);
      return new Disposable(() => hooks[name].splice(hooks[name].indexOf(callback), 1));
    },
  };
}

/** A class, because the library constructs and subclasses it. */
class Disposable {
  #dispose: (() => unknown) | undefined;
  constructor(dispose: () => unknown) {
    this.#dispose = dispose;
  }
  static from(...parts: { dispose: () => unknown }[]): Disposable {
    return new Disposable(() => {
      for (const part of parts) part.dispose();
    });
  }
  dispose(): void {
    this.#dispose?.();
    this.#dispose = undefined;
  }
}

/** The library recognises an unsupported hook by this member. */
function unknownHook(name: string): Error {
  return Object.assign(new RangeError(`Unrecognized hook "${name}"`), {
    isAzureFunctionsSystemError: true,
  });
}

/** The files that `main` of an app's package.json matches: a path or a glob with braces, `*` and `**`. */
export function entryPoints(appDir: string): { files: string[]; esm: boolean } {
  const text = readFileSync(join(appDir, 'package.json'), 'utf8');
  const { main = 'index.js', type } = JSON.parse(text) as { main?: string; type?: string };
  const files = [...new Set(expandBraces(main).flatMap((pattern) => matches(appDir, pattern)))];
  if (files.length === 0) {
    throw new Error(`package.json#main is "${main}", but there is no such file; build the app`);
  }
  return { files: files.map((file) => join(appDir, file)), esm: type === 'module' };
}

function expandBraces(pattern: string): string[] {
  const braces = /\{([^{}]*)\}/.exec(pattern);
  if (!braces) return [pattern.replace(/^\.\//, '')];
  const [match, choices = ''] = braces;
  return choices
    .split(',')
    .flatMap((choice) => expandBraces(pattern.replace(match, choice.trim())));
}

function matches(appDir: string, pattern: string): string[] {
  if (!pattern.includes('*')) return existsSync(join(appDir, pattern)) ? [pattern] : [];
  const base = pattern.slice(0, pattern.lastIndexOf('/', pattern.indexOf('*')) + 1);
  const expression = pattern
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'));
  const match = new RegExp(`^${expression}$`);
  if (!existsSync(join(appDir, base))) return [];
  return readdirSync(join(appDir, base), { recursive: true, encoding: 'utf8' })
    .map((file) => base + file.split(sep).join('/'))
    .filter((file) => match.test(file))
    .sort();
}
