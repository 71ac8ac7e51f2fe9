import { directoryRefuses, notSimulated, resourceNotFound } from '../errors';
import { idAt, type Answer, type Call } from '../http/routes';
import { flag, guidAt, optionalText, text } from '../odata/body';
import { list, type Listing } from '../odata/list';
import { checkBody, type Body } from '../odata/model';
import { created, instant, one, type Entity } from '../odata/present';
import { allUsers, createGroup, findUsers, getUser, removeGroup } from '../services/directory';
import type { Group, User } from '../state/rows';
import type { Placed } from '../state/table';
import { both, folded } from '../state/tables';
import { directoryModel as model } from './model';
import {
  attributeMembers,
  extensionFilter,
  isAttribute,
  isExtension,
  textFilters,
} from './user-members';

const user: Entity<User> = {
  model,
  type: 'user',
  properties: (row) => ({
    id: row.id,
    employeeId: row.employeeId,
    accountEnabled: row.accountEnabled,
    userPrincipalName: row.userPrincipalName,
    displayName: row.displayName,
    jobTitle: null,
    mail: null,
    userType: 'Member',
    ...attributeMembers(row),
  }),
  isExtension,
  usual: ['id', 'displayName', 'jobTitle', 'mail', 'userPrincipalName'],
  navigation: {},
};

const users: Listing<User> = {
  filterable: {
    ...textFilters,
    id: { is: 'guid', value: ({ id }) => id },
    employeeId: {
      is: 'text',
      value: ({ employeeId }) => employeeId,
      also: ['ne', 'in', 'startsWith'],
    },
    accountEnabled: { is: ['true', 'false'], value: (row) => `${row.accountEnabled}` },
  },
  extension: extensionFilter,
  advanced: true,
  candidates: ({ tenant, view }, equals, oneOf) => {
    for (const index of ['employeeId', 'userPrincipalName'] as const) {
      const values = oneOf.get(index);
      if (values) return allWith(values, (value) => findUsers(tenant, view, index, value));
    }
    for (const [path, values] of oneOf) {
      if (!isAttribute(path)) continue;
      return allWith(values, (value) => findUsers(tenant, view, 'attribute', both(path, value)));
    }
    const row = getUser(tenant, view, equals('id') ?? '');
    if (row !== undefined) return [{ row, order: 1 }];
    return allUsers(tenant, view);
  },
};

/** The users with one of the values, in the order of creation and each once: values may differ by case alone. */
function allWith(
  values: readonly string[],
  find: (value: string) => Placed<User>[],
): Placed<User>[] {
  const found = new Map(values.flatMap(find).map((placed) => [placed.order, placed]));
  return [...found.values()].sort((one, other) => one.order - other.order);
}

/** docs: https://learn.microsoft.com/graph/api/user-list */
export const listUsers = (call: Call): Answer => list(user, users, call);

/** By id or by user principal name. docs: https://learn.microsoft.com/graph/api/user-get */
export function readUser(call: Call): Answer {
  const { tenant, view } = call;
  const key = idAt(call, 0).toLowerCase();
  const found =
    getUser(tenant, view, key) ?? findUsers(tenant, view, 'userPrincipalName', key)[0]?.row;
  if (found === undefined) throw resourceNotFound('user');
  return one(user, found, call);
}

const group: Entity<Group> = {
  model,
  type: 'group',
  properties: ({ createdAt, ...row }) => ({
    ...row,
    // A group with a mailbox is a Microsoft 365 group unless it is also for security: then it is a group of Exchange.
    groupTypes: [
      ...(row.mailEnabled && !row.securityEnabled ? ['Unified'] : []),
      ...(row.membershipRule === null ? [] : ['DynamicMembership']),
    ],
    createdDateTime: instant(createdAt),
  }),
  navigation: {},
};

const groups: Listing<Group> = {
  filterable: {
    id: { is: 'guid', value: ({ id }) => id },
    mailNickname: { is: 'text', value: ({ mailNickname }) => mailNickname },
    displayName: { is: 'text', value: ({ displayName }) => displayName, also: ['startsWith'] },
  },
  advanced: true,
  candidates: ({ tenant, view }, equals) => {
    const name = equals('displayName');
    return name === undefined
      ? tenant.tables.groups.all(view)
      : tenant.tables.groups.find('displayName', folded(name), view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/group-list */
export const listGroups = (call: Call): Answer => list(group, groups, call);

/** docs: https://learn.microsoft.com/graph/api/group-get */
export const readGroup = (call: Call): Answer => one(group, groupAt(call), call);

/** docs: https://learn.microsoft.com/graph/api/group-list-members */
export const listMembers = (call: Call): Answer => listWithRole('Member', call);

/** docs: https://learn.microsoft.com/graph/api/group-list-owners */
export const listOwners = (call: Call): Answer => listWithRole('Owner', call);

function listWithRole(role: 'Member' | 'Owner', call: Call): Answer {
  const { id } = groupAt(call);
  const withRole: Listing<User> = {
    filterable: { id: { is: 'guid', value: (row) => row.id } },
    candidates: ({ tenant, view }) =>
      tenant.tables.grants.find('role', `${role}_${id}`, view).flatMap(({ row, order }) => {
        const found = tenant.tables.users.get(row.userId);
        return found === undefined ? [] : [{ row: found, order }];
      }),
  };
  return list(user, withRole, call);
}

/** docs: https://learn.microsoft.com/graph/api/group-post-groups */
export function postGroup(call: Call): Answer {
  const body = checkBody(model, 'group', call.body ?? {});
  const kinds = body['groupTypes'];
  if (Array.isArray(kinds) && kinds.length > 0) throw notSimulated('groups of other kinds');
  if (requiredFlag(body, 'mailEnabled')) throw notSimulated('groups with a mailbox');
  if (!requiredFlag(body, 'securityEnabled')) {
    throw directoryRefuses('A group must be enabled for mail, for security, or for both.');
  }
  const newGroup = createGroup(call.tenant, {
    displayName: text(body, 'displayName'),
    description: optionalText(body, 'description'),
    mailNickname: text(body, 'mailNickname'),
    securityEnabled: true,
    isAssignableToRole: flag(body, 'isAssignableToRole', false) || null,
  });
  return created(group, newGroup, call);
}

function requiredFlag(body: Body, member: string): boolean {
  const value = body[member];
  if (typeof value !== 'boolean') throw directoryRefuses(`Property '${member}' is required.`);
  return value;
}

/** docs: https://learn.microsoft.com/graph/api/group-delete */
export function deleteGroup(call: Call): Answer {
  removeGroup(call.tenant, groupAt(call));
  return { status: 204 };
}

function groupAt(call: Call): Group {
  const found = call.tenant.tables.groups.get(guidAt(call), call.view);
  if (found === undefined) throw resourceNotFound('group');
  return found;
}
