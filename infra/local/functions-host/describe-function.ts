import type { AppFunction } from './app/function-table';
import { httpRoute } from './http/route';
import { expandSettings } from './settings';

/** One line of the function table: name, trigger, and what it listens to. */
export function describeFunction(entry: AppFunction, routePrefix: string): string {
  const { name, trigger, disabled } = entry;
  const detail = disabled ? 'disabled' : source(entry, routePrefix);
  return `function ${name}: ${trigger.type}${detail ? ` ${detail}` : ''}`;
}

function source(entry: AppFunction, routePrefix: string): string {
  const { trigger } = entry;
  switch (trigger.type) {
    case 'serviceBusTrigger':
      return expandSettings(String(trigger['queueName']), process.env);
    case 'timerTrigger':
      return expandSettings(String(trigger['schedule']), process.env);
    case 'httpTrigger': {
      const { methods, path } = httpRoute(entry, routePrefix);
      return `[${methods.join(',')}] ${path}`;
    }
    default:
      return '';
  }
}
