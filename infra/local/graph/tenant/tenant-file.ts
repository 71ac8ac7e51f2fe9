import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isAttribute } from '../directory/user-members';
import { permissions } from '../services/permissions';
import type { User } from '../state/rows';

const uuid = z.guid();
const employeeId = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, 'must be a worker number');

/** `W-1001`: a prefix, then the number that counts up. */
const rangeEnd = z.string().regex(/^[A-Za-z-]*\d{1,12}$/, 'must end in a number, as W-1001 does');

/** Any text, as in the directory itself. docs: https://learn.microsoft.com/graph/api/resources/user (16 characters) */
const numberInDirectory = z.string().min(1).max(16);

export const UserEntry = z.strictObject({
  employeeId: numberInDirectory.nullable(),
  attributes: z
    .record(
      z.string().refine(isAttribute, 'no member of a user that a filter can name'),
      z.string(),
    )
    .optional(),
  id: uuid.optional(),
  userPrincipalName: z.string().endsWith('@example.com').optional(),
  accountEnabled: z.boolean().default(true),
  appearsAfterMs: z.int().nonnegative().optional(),
});

/** Without an employeeId, neither id nor name can be derived. */
const ListedUser = UserEntry.refine(
  (user) =>
    user.employeeId !== null || (user.id !== undefined && user.userPrincipalName !== undefined),
  'a user without an employeeId needs an id and a userPrincipalName',
);

const Group = z.strictObject({
  id: uuid,
  displayName: z.string().min(1),
  description: z.string().nullable().default(null),
  mailEnabled: z.boolean().default(false),
  securityEnabled: z.boolean().default(true),
  membershipRule: z.string().nullable().default(null),
  isAssignableToRole: z.boolean().nullable().default(null),
  onPremisesSyncEnabled: z.boolean().nullable().default(null),
});

const Application = z.strictObject({
  id: uuid,
  displayName: z.string().min(1),
  appRoles: z.array(z.strictObject({ id: uuid, displayName: z.string().min(1) })).min(1),
});

const ExistingPackage = z.strictObject({
  id: uuid,
  displayName: z.string().min(1),
  description: z.string().nullable().default(null),
  isHidden: z.boolean().default(false),
  roles: z.array(
    z.strictObject({ resource: uuid.describe('originId'), role: z.string().describe('originId') }),
  ),
  policies: z.array(
    z.strictObject({
      id: uuid,
      displayName: z.string(),
      members: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
  incompatibleWith: z.array(uuid).default([]),
  heldBy: z.array(employeeId).default([]),
});

const ExistingCatalog = z.strictObject({
  id: uuid,
  displayName: z.string().min(1),
  description: z.string().nullable().default(null),
  state: z.enum(['published', 'unpublished']).default('published'),
  resources: z
    .array(z.strictObject({ originSystem: z.enum(['AadGroup', 'AadApplication']), originId: uuid }))
    .default([]),
  accessPackages: z.array(ExistingPackage).default([]),
});

const Step = z.strictObject({
  state: z.string().min(1),
  status: z.string().optional(),
  forMs: z.int().nonnegative().optional(),
});

const Script = z.strictObject({
  employeeId: employeeId.optional(),
  packageName: z.string().optional(),
  states: z
    .array(Step)
    .min(1)
    .refine(
      (steps) => steps.slice(0, -1).every((step) => step.forMs !== undefined),
      'every state but the last needs forMs',
    ),
});

const Sku = z.strictObject({
  skuId: uuid,
  skuPartNumber: z.string().min(1),
  capabilityStatus: z
    .enum(['Enabled', 'Warning', 'Suspended', 'Deleted', 'LockedOut'])
    .default('Enabled'),
  enabledUnits: z.int().nonnegative().default(1000),
  servicePlans: z.array(
    z.strictObject({
      servicePlanId: uuid,
      servicePlanName: z.string().min(1),
      provisioningStatus: z.string().default('Success'),
    }),
  ),
});

/** docs: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference */
const usualSkus: z.input<typeof Sku>[] = [
  {
    skuId: '84a661c4-e949-4bd2-a560-ed7766fcaf2b',
    skuPartNumber: 'AAD_PREMIUM_P2',
    servicePlans: [
      {
        servicePlanId: 'eec0eb4f-6444-4f95-aba0-50c24d67f998',
        servicePlanName: 'AAD_PREMIUM_P2',
      },
    ],
  },
];

const Identity = z.strictObject({
  id: uuid,
  appId: uuid,
  displayName: z.string().min(1),
  permissions: z.array(z.enum(permissions)).default([]),
  catalogRoles: z.array(z.strictObject({ catalog: uuid, role: z.string() })).default([]),
});

/**
 * The tenant that the simulator starts with.
 * - `workers`: ranges of ordinary users. `users`: special ones; without an id an entry replaces the worker of a range.
 * - `catalogs`: what exists at the start, with packages, policies and holders.
 * - `identities`: managed identities with their permissions and catalog roles. `caller`: the one that calls are checked against.
 * - `holdings`: who holds which packages as soon as they have a policy.
 * - `scripts`: the states of requests by person, package or both. The first match counts, and the last state stays.
 */
export const TenantFile = z.strictObject({
  workers: z.array(z.strictObject({ from: rangeEnd, to: rangeEnd })).default([]),
  users: z.array(ListedUser).default([]),
  groups: z.array(Group).default([]),
  applications: z.array(Application).default([]),
  catalogs: z.array(ExistingCatalog).default([]),
  organization: z
    .strictObject({ id: uuid, displayName: z.string().min(1) })
    .default({ id: '50000000-0000-4000-8000-000000000001', displayName: 'Sample tenant' }),
  skus: z.array(Sku).prefault(usualSkus),
  identities: z.array(Identity).default([]),
  caller: uuid.optional(),
  holdings: z
    .array(z.strictObject({ employeeId, holdsOnceMade: z.array(z.string().min(1)) }))
    .default([]),
  scripts: z.array(Script).default([]),
});
export type TenantFile = z.infer<typeof TenantFile>;

/** Reads and checks a tenant file. Throws one error that lists every problem with its path. */
export function readTenantFile(path: string): TenantFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`The tenant file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const read = TenantFile.safeParse(json);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path: at, message }) => `  ${at.join('.')}: ${message}`);
  throw new Error(`The tenant file ${path} is not valid:\n${faults.join('\n')}`);
}

/**
 * The users of a tenant file: those of its ranges and those that it lists. A listed user without an id replaces the worker
 * of a range. One with an id is another person, even with the same employeeId. Throws on a range that does not count up
 * and on an id that is used twice.
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

/** The user that an entry of a tenant file describes. A missing id or name is derived. */
export function userOf(entry: TenantFile['users'][number]): User {
  const employeeId = entry.employeeId ?? '';
  return {
    id: entry.id ?? userId(employeeId),
    employeeId: entry.employeeId,
    accountEnabled: entry.accountEnabled,
    userPrincipalName: entry.userPrincipalName ?? `${employeeId.toLowerCase()}@example.com`,
    displayName: entry.employeeId === null ? 'Somebody' : `Worker ${employeeId}`,
    ...(entry.attributes && { attributes: entry.attributes }),
    ...(entry.appearsAfterMs === undefined ? {} : { appearsAfterMs: entry.appearsAfterMs }),
  };
}

/** The directory id of a worker: a fixed prefix, then the digits of the number, so that it is readable in tests. */
function userId(employeeId: string): string {
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
