import {
  asOutcome,
  classify,
  GraphError,
  type GraphFault,
  isUnlistedRefusal,
  retryAfterSeconds,
} from '../../../shared/graph/errors';

const fault = (members: Partial<GraphFault>): GraphError =>
  new GraphError('operation', { code: '', ambiguous: false, ...members });

describe('an error of a call that is tried again later', () => {
  test('no token could be acquired', () => {
    expect(classify(fault({ code: 'no-token' }))).toMatchObject({
      kind: 'later',
      why: 'identity-unavailable',
      afterSeconds: 30,
    });
  });

  test('no answer came within the deadline', () => {
    expect(classify(fault({ code: 'no-answer-in-time', ambiguous: true }))).toMatchObject({
      kind: 'later',
      why: 'graph-timeout',
      afterSeconds: 5,
    });
  });

  test('no connection could be made or it broke', () => {
    expect(classify(fault({ code: 'no-connection' }))).toMatchObject({
      kind: 'later',
      why: 'graph-unreachable',
    });
  });

  test('a successful answer could not be read', () => {
    expect(classify(fault({ status: 200, code: 'unreadable-answer' }))).toMatchObject({
      kind: 'later',
      why: 'graph-unreadable',
      evidence: { graphStatus: 200, errorCode: 'unreadable-answer' },
    });
  });

  test('what is needed for a write is not visible yet', () => {
    expect(classify(fault({ code: 'not-yet-visible' }))).toMatchObject({
      kind: 'later',
      why: 'not-yet-visible',
    });
  });

  test('entitlement management does not know the person yet, or no longer', () => {
    expect(classify(fault({ status: 400, code: 'SubjectNotFound' }))).toMatchObject({
      ...{ kind: 'later', why: 'target-not-visible' },
    });
  });

  test('Graph throttles with Retry-After', () => {
    const error = fault({ status: 429, code: 'TooManyRequests', retryAfterSeconds: 17 });
    expect(classify(error)).toMatchObject({ kind: 'later', why: 'throttled', afterSeconds: 17 });
  });

  test('Graph throttles without Retry-After', () => {
    expect(classify(fault({ status: 429 }))).toMatchObject({ why: 'throttled', afterSeconds: 10 });
  });

  test('Graph throttles for no time at all, and is asked again after a second', () => {
    expect(classify(fault({ status: 429, retryAfterSeconds: 0 }))).toMatchObject({
      afterSeconds: 1,
    });
  });

  test.each([408, 500, 502, 503, 504, 507, 509])(
    'Graph is unavailable with status %d',
    (status) => {
      expect(classify(fault({ status, code: 'ServiceUnavailable' }))).toMatchObject({
        kind: 'later',
        why: 'graph-unavailable',
      });
    },
  );

  test('an outage with Retry-After waits as long as it says', () => {
    expect(classify(fault({ status: 503, retryAfterSeconds: 120 }))).toMatchObject({
      afterSeconds: 120,
    });
  });

  test.each([412, 423])('something changed or was locked meanwhile with status %d', (status) => {
    expect(classify(fault({ status, code: 'x' }))).toMatchObject({
      kind: 'later',
      why: 'changed-meanwhile',
    });
  });

  test('an unauthorized answer just after a create, which replicas give too', () => {
    const error = fault({ status: 403, code: 'UnAuthorized' });
    expect(classify(error, { justCreated: true })).toMatchObject({
      kind: 'later',
      why: 'not-yet-visible',
    });
  });
});

describe('a refusal, where it is remembered what Graph allows', () => {
  test.each([
    [401, true, 'authentication-lost'],
    [403, true, 'permission-lost'],
    [401, false, 'unauthenticated'],
    [403, false, 'permission'],
  ])(
    'status %d of an operation that has worked (%s) is waited out as %s',
    (status, hasWorked, why) => {
      const error = fault({ status, code: 'UnAuthorized', hasWorked, retryAfterSeconds: 3 });
      expect(classify(error)).toMatchObject({ kind: 'later', why, afterSeconds: 3 });
    },
  );
});

describe('an error of a call that needs attention', () => {
  test('the permission is missing', () => {
    expect(classify(fault({ status: 403, code: 'UnAuthorized' }))).toMatchObject({
      kind: 'failed',
      why: 'permission',
      evidence: { graphStatus: 403, errorCode: 'UnAuthorized' },
    });
  });

  test('a new token is refused as well', () => {
    expect(classify(fault({ status: 401, code: 'InvalidAuthenticationToken' }))).toMatchObject({
      kind: 'failed',
      why: 'unauthenticated',
    });
  });

  test('a list leads to another host', () => {
    expect(classify(fault({ code: 'foreign-next-link' }))).toMatchObject({
      kind: 'failed',
      why: 'foreign-next-link',
    });
  });

  test('a list has no end', () => {
    expect(classify(fault({ code: 'endless-pages' }))).toMatchObject({
      kind: 'failed',
      why: 'endless-pages',
    });
  });

  test.each(['invalid-id', 'invalid-attribute', 'invalid-value'])(
    'the client itself refused to send: %s',
    (code) => {
      expect(classify(fault({ code }))).toMatchObject({ kind: 'failed', why: 'invalid-request' });
    },
  );

  test('the application does not own the resource', () => {
    expect(classify(fault({ status: 400, code: 'CallerNotResourceOwner' }))).toMatchObject({
      kind: 'failed',
      why: 'resource-not-owned',
    });
  });

  test('Graph does not understand the body', () => {
    expect(classify(fault({ status: 400, code: 'InvalidModel' }))).toMatchObject({
      kind: 'failed',
      why: 'invalid-request',
    });
  });

  test('Graph does not understand the filter', () => {
    expect(classify(fault({ status: 400, code: 'InvalidFilter' }))).toMatchObject({
      kind: 'failed',
      why: 'invalid-request',
    });
  });

  test('the route is not implemented', () => {
    expect(classify(fault({ status: 404, code: '' }))).toMatchObject({
      kind: 'failed',
      why: 'unknown-route',
    });
  });

  test('an unknown refusal keeps its code', () => {
    const error = fault({ status: 400, code: 'PolicyNotSatisfied', requestId: 'r-1' });
    expect(classify(error)).toEqual({
      kind: 'failed',
      why: 'unexpected-answer',
      evidence: { graphStatus: 400, errorCode: 'PolicyNotSatisfied', graphRequestId: 'r-1' },
    });
  });

  test('InvalidRequest without the detail of an open request is unexpected', () => {
    const error = fault({ status: 400, code: 'InvalidRequest', detailCodes: ['Other'] });
    expect(classify(error)).toMatchObject({
      kind: 'failed',
      why: 'unexpected-answer',
      evidence: { errorCode: 'InvalidRequest/Other' },
    });
  });
});

describe('a conflict has a name', () => {
  test('the person holds the package already', () => {
    expect(classify(fault({ status: 409, code: 'InvalidRequestExistingGrant' }))).toMatchObject({
      kind: 'conflict',
      conflict: 'existing-grant',
    });
  });

  test('a request is open, by the detail', () => {
    const error = fault({
      status: 400,
      code: 'InvalidRequest',
      detailCodes: ['ExistingOpenRequest'],
    });
    expect(classify(error)).toMatchObject({ kind: 'conflict', conflict: 'existing-open-request' });
  });

  test('a request is open, by the code itself', () => {
    expect(classify(fault({ status: 400, code: 'ExistingOpenRequest' }))).toMatchObject({
      conflict: 'existing-open-request',
    });
  });

  test('there is no active assignment to remove', () => {
    expect(classify(fault({ status: 404, code: 'InvalidRequestNoActiveGrant' }))).toMatchObject({
      conflict: 'no-active-grant',
    });
  });

  test('the name of the package is taken', () => {
    expect(classify(fault({ status: 409, code: 'DuplicateAccessPackage' }))).toMatchObject({
      conflict: 'duplicate-access-package',
    });
  });

  test('two policies were created at once', () => {
    expect(classify(fault({ status: 409, code: 'DuplicateKey' }))).toMatchObject({
      conflict: 'duplicate-key',
    });
  });

  test.each(['ResourceNotFound', 'RoleNotFound', 'Request_ResourceNotFound'])(
    'something is not there: %s',
    (code) => {
      expect(classify(fault({ status: 404, code }))).toMatchObject({ conflict: 'not-found' });
    },
  );

  test('codes are compared in any case', () => {
    expect(classify(fault({ status: 409, code: 'duplicateaccesspackage' }))).toMatchObject({
      conflict: 'duplicate-access-package',
    });
  });
});

test('an error that is not a GraphError is thrown again', () => {
  const defect = new TypeError('defect');
  expect(() => classify(defect)).toThrow(defect);
});

test('an unexpected conflict is a failure under its name', async () => {
  const outcome = await asOutcome(() =>
    Promise.reject(fault({ status: 409, code: 'DuplicateKey' })),
  );
  expect(outcome).toEqual({
    kind: 'failed',
    why: 'duplicate-key',
    evidence: { graphStatus: 409, errorCode: 'DuplicateKey' },
  });
});

const now = Date.parse('2026-11-23T08:00:00Z');

test.each([
  ['7', 7],
  ['0', 0],
  [' 120 ', 120],
  ['86400', 86_400],
  ['999999999', 86_400],
  ['Mon, 23 Nov 2026 08:01:30 GMT', 90],
  ['Mon, 23 Nov 2026 07:00:00 GMT', 0],
])('Retry-After "%s" means %d seconds', (header, seconds) => {
  expect(retryAfterSeconds(header, now)).toBe(seconds);
});

test.each([undefined, '', 'soon', '-5', '1.5', '2026-11-23'])(
  'Retry-After %p says nothing',
  (header) => {
    expect(retryAfterSeconds(header, now)).toBeUndefined();
  },
);

test.each([
  [400, 'PolicyNotSatisfied', true],
  [403, 'IncompatibleAccess', true],
  [404, 'IncompatibleAccess', true],
  [403, 'UnAuthorized', false],
  [403, 'Authorization_RequestDenied', false],
  [404, 'ResourceNotFound', false],
  [404, '', false],
  [409, 'InvalidRequestExistingGrant', false],
  [401, 'InvalidAuthenticationToken', false],
  [429, 'TooManyRequests', false],
  [503, 'ServiceUnavailable', false],
])('a refusal with %i and %s has a code that nobody lists: %s', (status, code, isUnlisted) => {
  expect(isUnlistedRefusal(fault({ status, code }))).toBe(isUnlisted);
});
