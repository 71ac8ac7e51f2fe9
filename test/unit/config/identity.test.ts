import type { TokenCredential } from '@azure/identity';
import { graphOptions, type SignInOptions } from '../../../cli/graph';
import { accountOf, describeAccount, askedOnce } from '../../../shared/config/identity';
import { readConfig } from '../../../shared/config/config';

const tokenOf = (claims: object): string =>
  ['e30', Buffer.from(JSON.stringify(claims)).toString('base64url'), 'signature'].join('.');

const giving = (token: string): TokenCredential => ({
  getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
});

const person = { oid: 'o-1', tid: 't-1', idtyp: 'user', upn: 'ada@example.com', name: 'Ada' };

describe('the account behind a token', () => {
  test.each([
    [person, 'a person, o-1, of the tenant t-1'],
    [{ oid: 'o-2', tid: 't-1', idtyp: 'app' }, 'an application, o-2, of the tenant t-1'],
    [
      { oid: 'o-2', tid: 't-1', roles: ['User.Read.All'] },
      'an application, o-2, of the tenant t-1',
    ],
  ])('is told by its ids and no name: %j', async (claims, said) => {
    expect(describeAccount(await accountOf(giving(tokenOf(claims)), 'scope'))).toBe(said);
  });

  test.each(['', 'opaque', 'a.b.c'])('is nobody known if the token is "%s"', async (token) => {
    const account = await accountOf(giving(token), 'scope');
    expect(account).toMatchObject({ id: undefined, isApp: false });
    expect(describeAccount(account)).toContain('does not say who it is');
  });

  test('is waited for only so long', async () => {
    const silent: TokenCredential = { getToken: () => new Promise(() => undefined) };
    await expect(accountOf(silent, 'scope', 10)).rejects.toThrow('no end in time');
  });
});

describe('a person', () => {
  test('is asked once, however many need the token, and not again after turning it down', async () => {
    let asked = 0;
    const refusing = askedOnce({
      getToken: () => {
        asked += 1;
        return Promise.reject(new Error('turned down'));
      },
    });
    const all = await Promise.allSettled([1, 2, 3].map(() => refusing.getToken('scope')));
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(refusing.getToken('scope')).rejects.toThrow('turned down');
    expect(asked).toBe(1);
  });

  test('who has signed in gets later tokens too', async () => {
    const tokens = ['first', 'second'];
    const credential = askedOnce({
      getToken: () => Promise.resolve({ token: tokens.shift() ?? '', expiresOnTimestamp: 0 }),
    });
    expect((await credential.getToken('scope'))?.token).toBe('first');
    expect((await credential.getToken('scope'))?.token).toBe('second');
  });
});

describe('a command that asks Graph', () => {
  const settings = {
    PROVISIONING_QUEUE: 'q',
    EVENT_SOURCES: 'urn:x',
    RECORDS_STORAGE: 'https://a.table.core.windows.net',
    AUDIT_STORAGE: 'https://b.table.core.windows.net',
  };
  const options = (more: object, person: SignInOptions = {}) =>
    graphOptions(readConfig({ ...settings, ...more }), ['User.Read.All'], person);

  test('signs in over https, at the address without its last slash', () => {
    const { root, credential, scope } = options({ GRAPH_URL: 'https://graph.example.com/' });
    expect(root).toBe('https://graph.example.com');
    expect(scope).toBe('https://graph.microsoft.com/.default');
    expect(credential).toBeDefined();
  });

  test('signs nobody in over loopback http', () => {
    expect(options({ GRAPH_URL: 'http://127.0.0.1:7080' })).not.toHaveProperty('credential');
  });

  test.each([
    [{ GRAPH_URL: 'http://127.0.0.1:7080' }, { signIn: 'browser' }, /--sign-in has no effect/],
    [{ GRAPH_URL: 'http://127.0.0.1:7080' }, { client: 'c' }, /--client has no effect/],
    [
      { IDENTITY_ENDPOINT: 'http://127.0.0.1:1/msi/token', IDENTITY_HEADER: 'h' },
      { tenant: 't' },
      /--tenant has no effect: the managed identity signs in/,
    ],
  ] as const)(
    'refuses an option of a sign-in that does not happen: %j %j',
    (more, person, text) => {
      expect(() => options(more, person)).toThrow(text);
    },
  );
});
