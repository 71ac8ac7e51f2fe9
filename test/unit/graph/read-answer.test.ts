import { isBelow } from '../../../shared/graph/read-answer';

const base = 'https://graph.microsoft.com/v1.0';

test.each([
  'https://graph.microsoft.com/v1.0/users?$skiptoken=x',
  'https://graph.microsoft.com:443/v1.0/identityGovernance/entitlementManagement/catalogs?$skip=1',
])('a next link below the root is followed: %s', (url) => {
  expect(isBelow(url, base)).toBe(true);
});

test.each([
  'https://graph.microsoft.com.attacker.example/v1.0/users',
  'https://attacker.example/v1.0/users',
  'http://graph.microsoft.com/v1.0/users',
  'https://graph.microsoft.com:8443/v1.0/users',
  'https://graph.microsoft.com@attacker.example/v1.0/users',
  'https://name:word@graph.microsoft.com/v1.0/users',
  'https://graph.microsoft.com/v1.0/../beta/users',
  'https://graph.microsoft.com/v1.0x/users',
  'https://graph.microsoft.com/beta/users',
  '/v1.0/users?$skiptoken=x',
  'not a url',
])('a next link anywhere else is not: %s', (url) => {
  expect(isBelow(url, base)).toBe(false);
});
