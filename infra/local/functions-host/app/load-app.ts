import Module from 'node:module';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { coreApi, noRegistrations, type Registrations } from './core-api';
import { entryPoints } from './entry-points';
import type { LogSink } from './invoke';

const CORE = '@azure/functions-core';

/** What the Node worker of Azure Functions offers by default; the library adds to it when it streams HTTP. */
const capabilities = {
  RawHttpBodyBytes: 'true',
  RpcHttpTriggerMetadataRemoved: 'true',
  RpcHttpBodyOnly: 'true',
  IgnoreEmptyValuedRpcHttpHeaders: 'true',
  UseNullableValueDictionaryForHttp: 'true',
  WorkerStatus: 'true',
  TypedDataCollection: 'true',
  HandlesWorkerTerminateMessage: 'true',
};

/** A loaded app. `streamUri` is where it takes HTTP requests itself, if it asked for HTTP streaming. */
export type App = { registrations: Registrations; streamUri: string | undefined };

/**
 * Loads an app the way the worker does: the virtual core module first, then every entry point, then the `appStart`
 * hooks, then nothing more can be registered. Only one app can be loaded per process, because `@azure/functions` keeps
 * the first core module that it finds.
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
  const { hooks, appHookData, model } = registrations;
  for (const hook of hooks.appStart) {
    await hook({ hookData: {}, appHookData, functionAppDirectory: appDir });
  }
  const offered = await model?.getCapabilities?.(capabilities);
  registrations.locked = true;
  return { registrations, streamUri: offered?.['HttpUri'] };
}

/** Answers `require` of the one module that has no package, as the worker does. */
function supplyCore(core: unknown): void {
  const prototype = Module.prototype as { require: (this: unknown, id: string) => unknown };
  const original = prototype.require;
  prototype.require = function (id) {
    return id === CORE ? core : original.call(this, id);
  };
}
