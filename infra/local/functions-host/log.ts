import type { LogLevel } from './app/worker-types';

export type Log = (level: LogLevel, message: string) => void;

const order: LogLevel[] = ['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none'];

/** Writes one line per event to stdout, from the given level up. Line breaks in a message are escaped. */
export function createLog(minimum: LogLevel): Log {
  const least = order.indexOf(minimum);
  return (level, message) => {
    if (order.indexOf(level) < least) return;
    const text = message.replace(/\r?\n/g, '\\n');
    process.stdout.write(`${new Date().toISOString()} ${level} ${text}\n`);
  };
}

/** The level of host.json; `information` if it has none. */
export function logLevel(name: string | undefined): LogLevel {
  return order.find((level) => level === name?.toLowerCase()) ?? 'information';
}
