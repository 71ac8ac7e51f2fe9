import { explain, openTenant } from '../../../../infra/tenant/command';
import { GraphError } from '../../../../shared/graph/errors';

const defaults = {};
const scopes = ['User.Read.All'];

describe('A tenant', () => {
  test('is in the global cloud unless GRAPH_CLOUD names another', () => {
    expect(openTenant(defaults, scopes, {}).root).toBe('https://graph.microsoft.com');
    const { root, credential } = openTenant(defaults, scopes, { GRAPH_CLOUD: 'usgovdod' });
    expect(root).toBe('https://dod-graph.microsoft.us');
    expect(credential).toBeDefined();
  });

  test('at an http address needs no sign-in', () => {
    const env = { GRAPH_URL: 'http://127.0.0.1:7080/' };
    expect(openTenant(defaults, scopes, env)).toEqual({ root: 'http://127.0.0.1:7080' });
  });

  test.each(['sign-in', 'tenant', 'client'])(
    'at an http address refuses --%s, which would have no effect',
    (flag) => {
      const env = { GRAPH_URL: 'http://127.0.0.1:7080' };
      const given = { [flag]: flag === 'sign-in' ? 'browser' : 'x' };
      expect(() => openTenant(given, scopes, env)).toThrow(`--${flag} has no effect`);
    },
  );

  test.each([
    [{ 'sign-in': 'guess' }, {}, /browser, device-code, azure/],
    [defaults, { GRAPH_CLOUD: 'mars' }, /global, usgov, usgovdod, china/],
  ])('is refused with the possible values if a value is unknown', (options, env, message) => {
    expect(() => openTenant(options, scopes, env)).toThrow(message);
  });
});

describe('An error', () => {
  test('of Graph is explained with its codes, its request id, and what to do', () => {
    const fault = { status: 403, code: 'UnAuthorized', requestId: 'r-1', ambiguous: false };
    const explained = explain(new GraphError('POST groups', fault));
    expect(explained).toMatch(
      /^POST groups: 403 UnAuthorized \(request-id r-1\)\n {2}You lack a role/,
    );
    expect(explained).toContain('--sign-in browser');
  });

  test('without known advice is printed as it is', () => {
    const fault = { status: 400, code: 'InvalidModel', detailCodes: ['x'], ambiguous: false };
    expect(explain(new GraphError('POST groups', fault))).toBe('POST groups: 400 InvalidModel [x]');
    expect(explain(new Error('out of paper'))).toBe('out of paper');
  });
});
