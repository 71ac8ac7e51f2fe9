import type { Registrations } from './load-app';
import { isTrigger } from './invoke';
import type { Binding, FunctionMetadata } from './worker-types';

/** One function of the app. */
export type AppFunction = {
  name: string;
  bindingName: string;
  trigger: Binding;
  disabled: boolean;
};

const supported = [
  'serviceBusTrigger',
  'timerTrigger',
  'httpTrigger',
  'orchestrationTrigger',
  'activityTrigger',
];

/**
 * Every registered function with its trigger. Calls `fault` for each thing that an enabled function needs and this host
 * does not support, so that nothing is silently missing.
 */
export function functionTable(
  { functions }: Registrations,
  settings: NodeJS.ProcessEnv,
  fault: (name: string, text: string) => void,
): AppFunction[] {
  return [...functions.values()].flatMap(({ metadata }) => {
    const { name, bindings } = metadata;
    const disabled = isDisabled(settings[`AzureWebJobs.${name}.Disabled`]);
    if (!disabled) for (const text of unsupportedParts(metadata)) fault(name, text);
    const found = Object.entries(bindings).find(([, binding]) => isTrigger(binding.type));
    if (!found) return [];
    const [bindingName, trigger] = found;
    return [{ name, bindingName, trigger, disabled }];
  });
}

function unsupportedParts({ name, bindings, retryOptions }: FunctionMetadata): string[] {
  const all = Object.values(bindings);
  const instead = `disable it with AzureWebJobs.${name}.Disabled=true`;
  return [
    ...(all.some(({ type }) => isTrigger(type)) ? [] : ['has no trigger']),
    ...all
      .filter((binding) => !isSupported(binding))
      .map(({ type, direction }) => `${described(type, direction)} is not supported; ${instead}`),
    ...(retryOptions ? [`a retry policy is not supported; ${instead}, or retry in the app`] : []),
  ];
}

function isSupported(binding: Binding): boolean {
  if (isTrigger(binding.type)) return supported.some((type) => isType(binding, type));
  // The answer of an HTTP function is declared as an output.
  return binding.direction === 'out' ? isType(binding, 'http') : isClientInput(binding.type);
}

const described = (type: string, direction: Binding['direction']): string =>
  isTrigger(type) ? type : `${direction === 'in' ? 'input' : 'output'} binding ${type}`;

/** The only input besides triggers. */
export function isClientInput(type: string): boolean {
  return /^(durableClient|orchestrationClient)$/i.test(type);
}

/** The enabled functions of one trigger type. */
export function withTrigger(table: readonly AppFunction[], type: string): AppFunction[] {
  return table.filter((entry) => !entry.disabled && isType(entry.trigger, type));
}

function isType(trigger: Binding, type: string): boolean {
  return trigger.type.toLowerCase() === type.toLowerCase();
}

function isDisabled(setting: string | undefined): boolean {
  return setting === '1' || setting?.toLowerCase() === 'true';
}
