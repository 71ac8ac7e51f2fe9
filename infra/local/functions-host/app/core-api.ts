import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  HookName,
  LogLevel,
  ProgrammingModel,
} from './worker-types';

export type RegisteredFunction = { metadata: FunctionMetadata; callback: FunctionCallback };

/** What an app has told its host while it was loaded. */
export type Registrations = {
  functions: Map<string, RegisteredFunction>;
  hooks: Record<HookName, HookCallback[]>;
  appHookData: Record<string, unknown>;
  model?: ProgrammingModel;
  locked: boolean;
};

export function noRegistrations(): Registrations {
  return {
    functions: new Map(),
    hooks: { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [], log: [] },
    appHookData: {},
    locked: false,
  };
}

/**
 * The module `@azure/functions-core` as `@azure/functions` expects it: registration, hooks and the system log. `log`
 * must exist, the library takes it for the sign of a host that can stream HTTP.
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

/** A class because the library constructs and subclasses what it is given. */
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

/** The library recognises a host without some hook by this mark. */
function unknownHook(name: string): Error {
  return Object.assign(new RangeError(`Unrecognized hook "${name}"`), {
    isAzureFunctionsSystemError: true,
  });
}
