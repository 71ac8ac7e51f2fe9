/**
 * The members of the `@azure/functions-core` contract that an app and this host use. The module has no package: the Node
 * worker of Azure Functions provides it, and these are its names.
 */

/** One value between host and app; exactly one member is set. */
export type TypedData = {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: HttpData;
};

export type HttpData = {
  method?: string;
  url?: string;
  nullableHeaders?: Record<string, { value: string }>;
  nullableQuery?: Record<string, { value: string }>;
  nullableParams?: Record<string, { value: string }>;
  body?: TypedData;
  statusCode?: string;
  headers?: Record<string, string>;
  cookies?: HttpCookie[];
};

export type HttpCookie = {
  name: string;
  value: string;
  domain?: { value?: string };
  path?: { value?: string };
  expires?: { value?: { seconds?: number } };
  maxAge?: { value?: number };
  secure?: { value?: boolean };
  httpOnly?: { value?: boolean };
  sameSite?: string;
};

export type Binding = {
  type: string;
  direction: 'in' | 'out' | 'inout';
  name?: string;
  [option: string]: unknown;
};

export type FunctionMetadata = {
  name: string;
  functionId?: string;
  bindings: Record<string, Binding>;
  retryOptions?: object;
};

export type FunctionCallback = (...args: unknown[]) => unknown;

export type InvocationRequest = {
  invocationId: string;
  functionId: string;
  inputData: { name: string; data: TypedData }[];
  triggerMetadata: Record<string, TypedData>;
  traceContext?: { traceParent: string; traceState: string; attributes: Record<string, string> };
};

export type InvocationResponse = {
  returnValue?: TypedData | null;
  outputData?: { name: string; data: TypedData }[];
};

export type LogLevel =
  'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

export type CoreInvocationContext = {
  invocationId: string;
  request: InvocationRequest;
  metadata: FunctionMetadata;
  state?: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks';
  log: (level: LogLevel, category: string, message: string) => void;
};

export type InvocationModel = {
  getArguments: () => Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction: (
    context: unknown,
    inputs: unknown[],
    callback: FunctionCallback,
  ) => Promise<unknown>;
  getResponse: (context: unknown, result: unknown) => Promise<InvocationResponse>;
};

export type ProgrammingModel = {
  name: string;
  version: string;
  getInvocationModel: (
    context: CoreInvocationContext,
  ) => InvocationModel | Promise<InvocationModel>;
  getCapabilities?: (
    defaults: Record<string, string>,
  ) => Record<string, string> | Promise<Record<string, string>>;
};

export type HookName = 'appStart' | 'appTerminate' | 'preInvocation' | 'postInvocation' | 'log';
export type HookCallback = (context: Record<string, unknown>) => unknown;
