import {
  ALLOWED_ATTRIBUTES,
  isTooLong,
  isWorkerId,
  queryFor,
  workerIdWarning,
} from '../../../shared/domain/events/match-attribute';

const extension = `extension_${'0a'.repeat(16)}_workerNumber`;

test.each(['employeeId', 'mailNickname', 'department', 'userPrincipalName', extension])(
  '%s is found by any query',
  (attribute) => {
    expect(queryFor(attribute)).toBe('plain');
  },
);

test.each([
  'onPremisesSamAccountName',
  'onPremisesExtensionAttributes/extensionAttribute1',
  'onPremisesExtensionAttributes/extensionAttribute15',
  'employeeOrgData/costCenter',
  'employeeType',
  'ext1ab2cd3e_worker/number',
])('%s is found by an advanced query', (attribute) => {
  expect(queryFor(attribute)).toBe('advanced');
});

test.each([
  ['employeeid', 'it is written with a capital I'],
  ['id', 'a sender never chooses an object id'],
  ['accountEnabled', 'it is no text'],
  ['userType', 'it is one of a few words'],
  ['proxyAddresses', 'it is a list'],
  ['passwordPolicies', 'Graph cannot filter by it'],
  ['onPremisesExtensionAttributes', 'it holds several attributes'],
  ['onPremisesExtensionAttributes/extensionAttribute16', 'there are fifteen'],
  ["employeeId eq 'x' or employeeId", 'it is no name'],
  ['toString', 'it is no attribute'],
])('%s cannot hold the worker id: %s', (attribute) => {
  expect(queryFor(attribute)).toBeUndefined();
});

test('every name in the list of an error is allowed', () => {
  const names = ALLOWED_ATTRIBUTES.split(', ').filter((name) =>
    /^[A-Za-z]+(\/[A-Za-z]+)?$/.test(name),
  );
  expect(names).toContain('employeeId');
  expect(names).toContain('onPremisesSamAccountName');
  expect(names.filter((name) => queryFor(name) === undefined)).toEqual([]);
});

test.each([
  ['W-1030', 'W-1030', true],
  ['w-1030', 'W-1030', false],
  ['W-1030 ', 'W-1030', false],
  // The Kelvin sign and the letter K are the same character to Unicode; full-width letters are not.
  ['\u212a-1', 'K-1', true],
  ['\uff37-1030', 'W-1030', false],
  [undefined, 'W-1030', false],
])('%j in the directory is the worker id %j: %s', (value, workerId, expected) => {
  expect(isWorkerId(value, workerId)).toBe(expected);
});

test.each([
  ['employeeId', 16],
  ['postalCode', 40],
])('%s holds ids of up to %i characters, and a longer one is warned of', (attribute, most) => {
  expect(isTooLong('9'.repeat(most), attribute)).toBe(false);
  expect(workerIdWarning('9'.repeat(most), attribute)).toBeUndefined();
  expect(isTooLong('9'.repeat(most + 1), attribute)).toBe(true);
  expect(workerIdWarning('9'.repeat(most + 1), attribute)).toContain(`at most ${most}`);
});

test('an attribute without a limit of its own holds every id of the contract', () => {
  expect(isTooLong('9'.repeat(64), 'onPremisesExtensionAttributes/extensionAttribute1')).toBe(
    false,
  );
  expect(workerIdWarning('9'.repeat(64), extension)).toBeUndefined();
});
