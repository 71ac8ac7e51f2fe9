import { randomBytes } from 'node:crypto';

const prefix = 'joinery-smoke-';
const pattern = new RegExp(`^${prefix}[0-9a-f]{8}$`);

/** What everything that one run makes is called, and nothing else in the tenant. */
export const newRunName = (): string => `${prefix}${randomBytes(4).toString('hex')}`;

export const isRunName = (name: string | null | undefined): name is string =>
  pattern.test(name ?? '');

/** The name of a run from its name or its id. Throws on what no run is called. */
export function runNameOf(text: string): string {
  const name = text.startsWith(prefix) ? text : `${prefix}${text}`;
  if (!isRunName(name)) throw new Error(`${text} is no run: its id has eight of 0-9 a-f`);
  return name;
}

export const runPrefix = prefix;
