import type { User } from '../state/rows';
import type { TenantFile } from './tenant-file';

/**
 * The users of a tenant file: those of its ranges, replaced or joined by those it lists. A listed user without an id
 * stands in for the worker of a range; one with an id is somebody else, even with the same employeeId. Throws on a range
 * that does not count up and on an id used twice.
 */
export function people({ workers, users }: TenantFile): User[] {
  const byId = new Map<string, User>();
  for (const range of workers) {
    for (const employeeId of numbersOf(range)) {
      const user = userOf({ employeeId, accountEnabled: true });
      byId.set(user.id, user);
    }
  }
  const listed = new Set<string>();
  for (const entry of users) {
    const user = userOf(entry);
    const usedTwice = listed.has(user.id) || (entry.id !== undefined && byId.has(user.id));
    if (usedTwice) throw new Error(`The tenant file has two users with the id ${user.id}`);
    listed.add(user.id);
    byId.set(user.id, user);
  }
  return [...byId.values()];
}

/** The user that an entry of a tenant file describes, with the derived id and name where it gives none. */
export function userOf(entry: TenantFile['users'][number]): User {
  const employeeId = entry.employeeId ?? '';
  return {
    id: entry.id ?? userId(employeeId),
    employeeId: entry.employeeId,
    accountEnabled: entry.accountEnabled,
    userPrincipalName: entry.userPrincipalName ?? `${employeeId.toLowerCase()}@example.com`,
    displayName: entry.employeeId === null ? 'Somebody' : `Worker ${employeeId}`,
    ...(entry.appearsAfterMs === undefined ? {} : { appearsAfterMs: entry.appearsAfterMs }),
  };
}

/** The directory id of a worker, readable in tests and logs: the digits of the number, after a fixed prefix. */
export function userId(employeeId: string): string {
  const digits = employeeId.replace(/\D/g, '').slice(-12).padStart(12, '0');
  return `20000000-0000-4000-8000-${digits}`;
}

function* numbersOf({ from, to }: { from: string; to: string }): Generator<string> {
  const [prefix, first] = split(from);
  const [otherPrefix, last] = split(to);
  if (prefix !== otherPrefix || Number(first) > Number(last)) {
    throw new Error(`The tenant file has a range from ${from} to ${to} that does not count up`);
  }
  for (let number = Number(first); number <= Number(last); number += 1) {
    yield `${prefix}${String(number).padStart(first.length, '0')}`;
  }
}

function split(text: string): [prefix: string, number: string] {
  const digits = /\d+$/.exec(text)?.[0] ?? '';
  return [text.slice(0, text.length - digits.length), digits];
}
