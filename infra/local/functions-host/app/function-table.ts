import type { Registrations } from './load-app';
import { isTrigger } from './invoke';
import type { Binding } from './worker-types';

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
 * Every registered function with its trigger. Throws if this host does not support a trigger, so that no function is
 * silently missing.
 */
export function functionTable(
  { functions }: Registrations,
  settings: NodeJS.ProcessEnv,
): AppFunction[] {
  return [...functions.values()].map(({ metadata: { name, bindings } }) => {
    const found = Object.entries(bindings).find(([, binding]) => isTrigger(binding.type));
    if (!found) throw new Error(`Function "${name}" has no trigger.`);
    const [bindingName, trigger] = found;
    const disabled = isDisabled(settings[`AzureWebJobs.${name}.Disabled`]);
    if (!disabled && !supported.some((type) => isType(trigger, type))) {
      throw new Error(
        `Function "${name}" has a ${trigger.type}, which the local host does not support. ` +
          `Disable it with AzureWebJobs.${name}.Disabled=true or use another trigger.`,
      );
    }
    return { name, bindingName, trigger, disabled };
  });
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
