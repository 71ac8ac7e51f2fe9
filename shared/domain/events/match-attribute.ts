/*
 * The attributes of a person in the directory that can hold the worker id: those with one text value that Microsoft Graph
 * can compare with `eq`. Members that hold one of a few words, such as `userType`, are left out: they identify nobody.
 * Source: https://learn.microsoft.com/graph/aad-advanced-queries#user-properties
 * Source: https://learn.microsoft.com/graph/api/resources/user#properties
 */

const extensionAttributes = Array.from(
  { length: 15 },
  (_, at) => `onPremisesExtensionAttributes/extensionAttribute${at + 1}`,
);

/** Compared by any query. */
const PLAIN = [
  'employeeId',
  'city',
  'country',
  'department',
  'displayName',
  'givenName',
  'jobTitle',
  'mail',
  'mailNickname',
  'onPremisesImmutableId',
  'onPremisesSecurityIdentifier',
  'state',
  'surname',
  'userPrincipalName',
] as const;

/** Compared only by an advanced query: header `ConsistencyLevel: eventual` and `$count=true`. */
const ADVANCED = [
  'companyName',
  'employeeOrgData/costCenter',
  'employeeOrgData/division',
  'employeeType',
  'faxNumber',
  'mobilePhone',
  'officeLocation',
  ...extensionAttributes,
  'onPremisesSamAccountName',
  'postalCode',
  'streetAddress',
];

/** `extension_<app id without hyphens>_<name>`, which the tenant has defined. */
const DIRECTORY_EXTENSION = /^extension_[0-9a-f]{32}_[A-Za-z]\w{0,63}$/;
/** `<schema>/<member>`, where the id of a schema is a domain or `ext` and 8 characters, then its name. */
const SCHEMA_EXTENSION = /^[A-Za-z][A-Za-z0-9]{0,63}_\w{1,63}\/[A-Za-z]\w{0,63}$/;

/** Characters that an attribute holds, where that is fewer than a worker id may have. */
const MAX_LENGTH: Readonly<Record<string, number>> = { employeeId: 16, postalCode: 40 };

/** How Graph compares an attribute; undefined for one that cannot hold the worker id. */
export function queryFor(attribute: string): 'plain' | 'advanced' | undefined {
  const isNamed = (names: readonly string[]) => names.includes(attribute);
  if (isNamed(PLAIN) || DIRECTORY_EXTENSION.test(attribute)) return 'plain';
  return isNamed(ADVANCED) || SCHEMA_EXTENSION.test(attribute) ? 'advanced' : undefined;
}

/** Whether documentation shows that a filter may compare it with several values at once (`in`). */
export const comparesSeveral = (attribute: string): boolean =>
  attribute !== 'onPremisesSecurityIdentifier' &&
  [...PLAIN, ...ADVANCED].some((name) => name === attribute);

/** What a setting may name, as an error lists it. */
export const ALLOWED_ATTRIBUTES = [
  ...PLAIN,
  ...ADVANCED.filter((name) => !extensionAttributes.includes(name)),
  'onPremisesExtensionAttributes/extensionAttribute1 to 15',
  'a directory extension such as extension_<app id without hyphens>_<name>',
  'a member of a schema extension such as ext1ab2cd3e_worker/number',
].join(', ');

/** Whether nobody in the directory can have the worker id, because the attribute does not hold that many characters. */
export const isTooLong = (workerId: string, attribute: string): boolean =>
  workerId.length > (MAX_LENGTH[attribute] ?? Infinity);

/** What is wrong with a worker id that the contract accepts; undefined if nothing is. For a person, before it is sent. */
export function workerIdWarning(workerId: string, attribute: string): string | undefined {
  if (!isTooLong(workerId, attribute)) return undefined;
  return `${workerId.length} characters, and ${attribute} in the directory holds at most ${MAX_LENGTH[attribute]}: the event would end as needs-attention, worker-id-too-long`;
}

/**
 * Whether an attribute's value is the worker id: equal in every character after Unicode normalization (NFC). A filter of
 * Graph ignores the case of letters, and two people may have ids that differ only in it.
 */
export const isWorkerId = (value: string | undefined, workerId: string): boolean =>
  value?.normalize('NFC') === workerId.normalize('NFC');

/** Equal for texts that differ only by case, white space and Unicode form. */
export const folded = (text: string): string =>
  text.normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, '');
