import { explain } from '../../../infra/tenant/explain';
import { openTenant } from '../../../infra/tenant/open-tenant';
import { GraphError } from '../../../shared/graph/errors';

const given = { 'sign-in': 'browser' };
const scopes = ['User.Read.All'];

describe('A tenant', () => {
  test('is that of the global cloud unless another is named', () => {
    expect(openTenant(given, scopes, {}).root).toBe('https://graph.microsoft.com');
    const { root, credential } = openTenant(given, scopes, { GRAPH_CLOUD: 'usgovdod' });
    expect(root).toBe('https://dod-graph.microsoft.us');
    expect(credential).toBeDefined();
  });

  test('on this machine is reached without signing in', () => {
    const env = { GRAPH_URL: 'http://127.0.0.1:7080/' };
    expect(openTenant(given, scopes, env)).toEqual({ root: 'http://127.0.0.1:7080' });
  });

  test.each([
    [{ 'sign-in': 'guess' }, {}, /browser, device-code, azure/],
    [given, { GRAPH_CLOUD: 'mars' }, /global, usgov, usgovdod, china/],
  ])('is refused with what may be said instead', (options, env, said) => {
    expect(() => openTenant(options, scopes, env)).toThrow(said);
  });
});

describe('What went wrong', () => {
  test('comes with the codes, the id that support asks for, and what to do', () => {
    const fault = { status: 403, code: 'UnAuthorized', requestId: 'r-1', ambiguous: false };
    const said = explain(new GraphError('POST groups', fault));
    expect(said).toMatch(/^POST groups: 403 UnAuthorized \(request-id r-1\)\n {2}You may not/);
    expect(said).toContain('--sign-in browser');
  });

  test('is left as it is where nobody knows better', () => {
    const fault = { status: 400, code: 'InvalidModel', detailCodes: ['x'], ambiguous: false };
    expect(explain(new GraphError('POST groups', fault))).toBe('POST groups: 400 InvalidModel [x]');
    expect(explain(new Error('out of paper'))).toBe('out of paper');
  });
});
