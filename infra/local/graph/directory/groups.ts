import { resourceNotFound } from '../errors';
import type { Call, Operation } from '../http/call';
import { list, one, type Dialect, type Listing } from '../odata/entities';
import type { Group, User } from '../state/rows';
import type { Placed } from '../state/table';
import { guidAt } from '../odata/read';
import { group, user } from './entities';

const groups: Listing<Group> = {
  filterable: {
    id: { is: 'guid', value: ({ id }) => id },
    displayName: { is: 'text', value: ({ displayName }) => displayName },
  },
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

function groupAt(call: Call): Group {
  const found = call.tenant.tables.groups.get(guidAt(call), call.view);
  if (found === undefined) throw resourceNotFound('group');
  return found;
}
