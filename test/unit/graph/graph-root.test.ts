import { clouds } from '../../../shared/graph/graph-root';
import { createEntitlements } from '../../../shared/graph/entitlements';

const credential = { getToken: () => Promise.resolve(null) };

const create = (root: string, withCredential: boolean) =>
  createEntitlements({
    root,
    dialect: 'v1.0',
    appVersion: '0',
    ...(withCredential && { credential }),
  });

test.each([
  'http://graph.example.com',
  'http://10.0.0.1:7080',
  'http://127.0.0.1.example.com',
  'http://localhost.example.com',
])('plain http to another machine is refused: %s', (root) => {
  expect(() => create(root, false)).toThrow('must be reached over https');
  expect(() => create(root, true)).toThrow('must be reached over https');
});

test.each(['http://127.0.0.1:7080', 'http://localhost:7080', 'http://[::1]:7080'])(
  'plain http to this machine is accepted: %s',
  (root) => {
    expect(() => create(root, false)).not.toThrow();
  },
);

test('https without a credential is refused', () => {
  expect(() => create('https://graph.microsoft.com', false)).toThrow('needs a credential');
});

test.each(['ftp://graph.microsoft.com', 'graph.microsoft.com', 'https://u:p@graph.microsoft.com'])(
  'what is no plain URL is refused without being repeated in full: %s',
  (root) => {
    expect(() => create(root, true)).toThrow(/must be/);
  },
);

test.each(Object.values(clouds))('every cloud is an acceptable root: $root', ({ root, scope }) => {
  expect(() => create(root, true)).not.toThrow();
  expect(scope).toBe(`${root}/.default`);
});
