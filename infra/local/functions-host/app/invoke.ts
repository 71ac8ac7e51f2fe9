import { randomUUID } from 'node:crypto';
import type { LogSink, RegisteredFunction, Registrations } from './load-app';
import type {
  CoreInvocationContext,
  InvocationRequest,
  InvocationResponse,
  TypedData,
} from './worker-types';

/** The input of one call: the trigger's value, values of other inputs, metadata. */
export type Invocation = {
  trigger: TypedData;
  inputs?: (binding: { name: string; type: string }) => TypedData | undefined;
  metadata?: Record<string, TypedData>;
  invocationId?: string;
  traceParent?: string;
};

/** A failure crosses to the host as text only. */
export type InvocationResult =
  | { ok: true; response: InvocationResponse }
  | { ok: false; error: { message: string; stackTrace: string } };

/** Runs functions of one loaded app, with its hooks. Never rejects. */
export function createInvoker(registrations: Registrations, sink: LogSink) {
  return async (name: string, invocation: Invocation): Promise<InvocationResult> => {
    const registered = registrations.functions.get(name);
    if (!registered) return failed(new Error(`Function "${name}" is not registered.`));
    try {
      const context = coreContext(registered, invocation, registrations, sink);
      return { ok: true, response: await run(registered, context, registrations) };
    } catch (error) {
      return failed(error);
    }
  };
}

export type Invoke = ReturnType<typeof createInvoker>;

async function run(
  { callback }: RegisteredFunction,
  core: CoreInvocationContext,
  { model, hooks, appHookData }: Registrations,
): Promise<InvocationResponse> {
  if (!model)
    throw new Error('The app registered no programming model; is @azure/functions v4 used?');
  const invocation = await model.getInvocationModel(core);
  const { context, inputs } = await invocation.getArguments();
  const shared = { hookData: {}, appHookData, invocationContext: context };

  const before = { ...shared, functionCallback: callback, inputs };
  core.state = 'preInvocationHooks';
  for (const hook of hooks.preInvocation) await hook(before);

  const after: { result: unknown; error: unknown } = { result: null, error: null };
  core.state = 'invocation';
  try {
    after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (error) {
    after.error = error ?? new Error('The function threw nothing.');
  }
  core.state = 'postInvocationHooks';
  const afterwards = Object.assign(after, shared, { inputs: before.inputs });
  for (const hook of hooks.postInvocation) await hook(afterwards);
  delete core.state;
  if (afterwards.error !== null && afterwards.error !== undefined) throw asError(afterwards.error);
  return invocation.getResponse(context, afterwards.result);
}

function coreContext(
  { metadata }: RegisteredFunction,
  invocation: Invocation,
  { hooks, appHookData }: Registrations,
  sink: LogSink,
): CoreInvocationContext {
  const invocationId = invocation.invocationId ?? randomUUID();
  const log: CoreInvocationContext['log'] = (level, category, message) => {
    const line = { level, category, message };
    const context = { ...line, hookData: {}, appHookData };
    for (const hook of hooks.log) hook(context);
    sink({ ...context, functionName: metadata.name });
  };
  return { invocationId, request: request(metadata, invocation, invocationId), metadata, log };
}

function request(
  { name, functionId = name, bindings }: RegisteredFunction['metadata'],
  { trigger, inputs, metadata = {}, traceParent = '' }: Invocation,
  invocationId: string,
): InvocationRequest {
  const inputData: InvocationRequest['inputData'] = [];
  for (const [bindingName, { type, direction }] of Object.entries(bindings)) {
    if (direction === 'out') continue;
    const value = isTrigger(type) ? trigger : inputs?.({ name: bindingName, type });
    if (value) inputData.push({ name: bindingName, data: value });
  }
  return {
    invocationId,
    functionId,
    inputData,
    triggerMetadata: metadata,
    traceContext: { traceParent, traceState: '', attributes: {} },
  };
}

export function isTrigger(type: string): boolean {
  return /trigger$/i.test(type);
}

function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  return new Error(typeof error === 'string' ? error : JSON.stringify(error));
}

function failed(error: unknown): InvocationResult {
  const { message, stack = '' } = asError(error);
  return { ok: false, error: { message, stackTrace: stack } };
}
