import { createGroup, removeGroup } from '../services/groups';
import { directoryRefuses, notSimulated, resourceNotFound } from '../errors';
import type { Answer, Call, Operation } from '../http/call';
import { checkBody, type Body } from '../odata/check-body';
import { list, made, one, type Dialect, type Listing } from '../odata/entities';
import type { Group, User } from '../state/rows';
import type { Placed } from '../state/table';
import { flag, guidAt, optionalText, text } from '../odata/read';
import { group, user } from './entities';

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
      : tenant.tables.groups.find('displayName', name, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/group-list */
export const listGroups =
  (dialect: Dialect): Operation =>
  (call) =>
    list(dialect, group, groups, call);

/** docs: https://learn.microsoft.com/graph/api/group-get */
export const readGroup =
  (dialect: Dialect): Operation =>
  (call) =>
    one(dialect, group, groupAt(call), call);

/** docs: https://learn.microsoft.com/graph/api/group-list-members */
export const listMembers =
  (dialect: Dialect): Operation =>
  (call) =>
    list(dialect, user, havingRole('Member', call), call);

/** docs: https://learn.microsoft.com/graph/api/group-list-owners */
export const listOwners =
  (dialect: Dialect): Operation =>
  (call) =>
    list(dialect, user, havingRole('Owner', call), call);

function havingRole(role: 'Member' | 'Owner', call: Call): Listing<User> {
  const { id } = groupAt(call);
  return {
    filterable: { id: { is: 'guid', value: (row) => row.id } },
    candidates: ({ tenant, view }) =>
      tenant.tables.grants.find('role', `${role}_${id}`, view).flatMap(({ row, order }) => {
        const found = tenant.tables.users.get(row.userId);
        return found === undefined ? [] : ([{ row: found, order }] satisfies Placed<User>[]);
      }),
  };
}

/** docs: https://learn.microsoft.com/graph/api/group-post-groups: the four members that it calls required, and a few more. */
export const postGroup =
  (dialect: Dialect): Operation =>
  (call) => {
    const body = checkBody(dialect.model, 'group', call.body ?? {});
    const kinds = body['groupTypes'];
    if (Array.isArray(kinds) && kinds.length > 0) throw notSimulated('groups of other kinds');
    if (required(body, 'mailEnabled')) throw notSimulated('groups with a mailbox');
    if (!required(body, 'securityEnabled')) {
      throw directoryRefuses('A group must be enabled for mail, for security, or for both.');
    }
    const wanted = {
      displayName: text(body, 'displayName'),
      description: optionalText(body, 'description'),
      mailNickname: text(body, 'mailNickname'),
      securityEnabled: true,
      isAssignableToRole: flag(body, 'isAssignableToRole', false) || null,
    };
    return made(dialect, group, createGroup(call.tenant, wanted), call);
  };

function required(body: Body, member: string): boolean {
  const value = body[member];
  if (typeof value !== 'boolean') throw directoryRefuses(`Property '${member}' is required.`);
  return value;
}

/** docs: https://learn.microsoft.com/graph/api/group-delete */
export function deleteGroup(call: Call): Answer {
  groupAt(call);
  removeGroup(call.tenant, groupAt(call));
  return { status: 204 };
}

function groupAt(call: Call): Group {
  const found = call.tenant.tables.groups.get(guidAt(call), call.view);
  if (found === undefined) throw resourceNotFound('group');
  return found;
}
