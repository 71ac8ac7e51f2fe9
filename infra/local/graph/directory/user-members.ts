import type { Filterable, Filters } from '../odata/list';
import type { User } from '../state/rows';

/*
 * The members of a user that hold one text and that Graph can compare with `eq`, by what the query needs, and with `in`
 * unless said otherwise.
 * docs: https://learn.microsoft.com/graph/aad-advanced-queries#user-properties
 * docs: https://learn.microsoft.com/graph/api/resources/user#properties
 */

/** Any query may compare these. */
const comparable = [
  'ageGroup',
  'city',
  'consentProvidedForMinor',
  'country',
  'creationType',
  'department',
  'displayName',
  'employeeId',
  'externalUserState',
  'givenName',
  'jobTitle',
  'mail',
  'mailNickname',
  'onPremisesImmutableId',
  'onPremisesSecurityIdentifier',
  'state',
  'surname',
  'usageLocation',
  'userPrincipalName',
  'userType',
];

/** Of these no documentation shows `in`; nor of members that a tenant has added. */
const oneAtATime = ['onPremisesSecurityIdentifier'];

const extensionAttributes = Array.from({ length: 15 }, (_, at) => `extensionAttribute${at + 1}`);

/** Only an advanced query may compare these. */
const advanced = [
  'companyName',
  'employeeOrgData/costCenter',
  'employeeOrgData/division',
  'employeeType',
  'faxNumber',
  'mobilePhone',
  'officeLocation',
  ...extensionAttributes.map((name) => `onPremisesExtensionAttributes/${name}`),
  'onPremisesSamAccountName',
  'postalCode',
  'preferredLanguage',
  'streetAddress',
];

/** Members that a tenant has added to its users: directory extensions, and a member of a schema extension. */
const DIRECTORY_EXTENSION = /^extension_[0-9a-f]{32}_\w+$/;
const SCHEMA_EXTENSION = /^[A-Za-z][A-Za-z0-9]*_\w+\/\w+$/;

/** Columns of a row besides `attributes` that hold such a member. */
const columns = {
  displayName: ({ displayName }: User) => displayName,
  employeeId: ({ employeeId }: User) => employeeId,
  userPrincipalName: ({ userPrincipalName }: User) => userPrincipalName,
  userType: () => 'Member',
};

const valueOf = (path: string): ((row: User) => string | null) => {
  const column = (columns as Partial<Record<string, (row: User) => string | null>>)[path];
  return column ?? ((row) => row.attributes?.[path] ?? null);
};

const textAt = (path: string, needs?: 'advanced'): Filterable<User> => ({
  is: 'text',
  value: valueOf(path),
  ...(needs && { needs }),
});

const alsoOf = (path: string) => (oneAtATime.includes(path) ? [] : (['in'] as const));

export const textFilters: Filters<User> = {
  ...Object.fromEntries(comparable.map((path) => [path, { ...textAt(path), also: alsoOf(path) }])),
  ...Object.fromEntries(
    advanced.map((path) => [path, { ...textAt(path, 'advanced'), also: alsoOf(path) }]),
  ),
};

/** Every well-formed extension counts as registered in the tenant. */
export function extensionFilter(path: string): Filterable<User> | undefined {
  if (DIRECTORY_EXTENSION.test(path)) return textAt(path);
  return SCHEMA_EXTENSION.test(path) ? textAt(path, 'advanced') : undefined;
}

/** The name of an extension as it is selected. */
export const isExtension = (name: string): boolean =>
  DIRECTORY_EXTENSION.test(name) || SCHEMA_EXTENSION.test(`${name}/member`);

/** Whether a tenant file may give the member to a user. */
export const isAttribute = (path: string): boolean =>
  !Object.hasOwn(columns, path) &&
  (Object.hasOwn(textFilters, path) || extensionFilter(path) !== undefined);

/** The attributes of a row as members of an answer: those below another member as an object. */
export function attributeMembers({ attributes = {} }: User): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(attributes)) {
    const [name = '', inner] = path.split('/');
    if (inner === undefined) members[name] = value;
    else members[name] = { ...(members[name] as object | undefined), [inner]: value };
  }
  return members;
}
