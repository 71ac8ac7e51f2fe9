import { allUsers, findUsers, getUser } from '../services/users';
import { resourceNotFound } from '../errors';
import { idAt, type Call, type Operation } from '../http/call';
import { list, one, type Dialect, type Listing } from '../odata/entities';
import type { User } from '../state/rows';
import { user } from './entities';

const users: Listing<User> = {
  filterable: {
    id: { is: 'guid', value: ({ id }) => id },
    employeeId: { is: 'text', value: ({ employeeId }) => employeeId, also: ['ne', 'startsWith'] },
    accountEnabled: { is: ['true', 'false'], value: (row) => `${row.accountEnabled}` },
    userType: { is: 'text', value: () => 'Member' },
    userPrincipalName: { is: 'text', value: (row) => row.userPrincipalName },
  },
  advanced: true,
  candidates: ({ tenant, view }, equals) => {
    const employeeId = equals('employeeId');
    if (employeeId !== undefined && employeeId !== 'null')
      return findUsers(tenant, view, 'employeeId', employeeId);
    const name = equals('userPrincipalName');
    if (name !== undefined) return findUsers(tenant, view, 'userPrincipalName', name.toLowerCase());
    const row = getUser(tenant, view, equals('id') ?? '');
    if (row !== undefined) return [{ row, order: 1 }];
    return allUsers(tenant, view);
  },
};

/** docs: https://learn.microsoft.com/graph/api/user-list */
export const listUsers =
  (dialect: Dialect): Operation =>
  (call) =>
    list(dialect, user, users, call);

/** docs: https://learn.microsoft.com/graph/api/user-get, by id or by user principal name. */
export const readUser =
  (dialect: Dialect): Operation =>
  (call) =>
    one(dialect, user, userAt(call), call);

function userAt(call: Call): User {
  const key = idAt(call, 0);
  const { tenant, view } = call;
  const name = key.toLowerCase();
  const found =
    getUser(tenant, view, name) ?? findUsers(tenant, view, 'userPrincipalName', name)[0]?.row;
  if (found === undefined) throw resourceNotFound('user');
  return found;
}
