/** How long to wait where Graph throttles and does not say for how long. */
export const UNSAID_SECONDS = 10;
/** Nothing is called again sooner: a wait of no time would be a loop without an end. */
export const SOONEST_SECONDS = 1;

export type ConflictName =
  | 'existing-grant'
  | 'existing-open-request'
  | 'no-active-grant'
  | 'duplicate-access-package'
  | 'duplicate-key'
  | 'not-found';

type Meaning =
  { later: string; afterSeconds: number } | { failed: string } | { conflict: ConflictName };

/** `about`: what the answer says, in the words of docs/outcomes.md, whose table a test holds equal to this one. */
export type AnswerRow = {
  status?: readonly number[];
  code?: string;
  detail?: string;
  /** It goes by the status alone, so it says nothing of a code that no other row has. */
  isGeneral?: true;
  meaning: Meaning;
  about: string;
};

const later = (why: string, afterSeconds = 5) => ({ meaning: { later: why, afterSeconds } });
const failed = (why: string) => ({ meaning: { failed: why } });
const conflict = (name: ConflictName) => ({ meaning: { conflict: name } });

/** Every answer that no other row fits. */
export const unlistedAnswer: AnswerRow = {
  ...failed('unexpected-answer'),
  about:
    'an answer that is not listed. After a refused request the incompatible packages are looked at again: `refused-sod` if the person holds one or has requested it',
};

/**
 * What an answer means, first match first, by status, `error.code` and `error.details[].code`; never by the message,
 * which is a text for people. Microsoft publishes no list of these codes: they are those met in the field. Overload
 * and outages: https://learn.microsoft.com/graph/errors
 */
export const answerTable: readonly AnswerRow[] = [
  {
    ...{ code: 'no-token', ...later('identity-unavailable', 30) },
    about: 'no token could be acquired',
  },
  {
    ...{ code: 'throttled', ...later('throttled', UNSAID_SECONDS) },
    about: 'not sent, because Graph throttles the tenant',
  },
  {
    ...{ code: 'rate-budget', ...later('rate-budget', 1) },
    about: 'not sent, because the reads of `GRAPH_READ_RATE` are used up',
  },
  {
    ...{ code: 'no-answer-in-time', ...later('graph-timeout') },
    about: 'no answer within `GRAPH_DEADLINE`',
  },
  {
    ...{ code: 'no-connection', ...later('graph-unreachable') },
    about: 'no connection, or it broke',
  },
  {
    ...{ code: 'unreadable-answer', ...later('graph-unreadable') },
    about: 'an answer that is not what Graph answers',
  },
  {
    ...{ code: 'not-yet-visible', ...later('not-yet-visible') },
    about: 'a replica does not show what a write needs',
  },
  {
    ...{ code: 'not-carried-out', ...failed('resource-not-delivered') },
    about:
      'Graph took a request to add a resource and did not carry it out; sent again twice first',
  },
  {
    ...{ code: 'unsupported', ...failed('unsupported') },
    about: 'not sent: the documents of the dialect have no such operation',
  },
  {
    ...{ code: 'foreign-next-link', ...failed('foreign-next-link') },
    about: 'a list continues at another address',
  },
  {
    ...{ code: 'endless-pages', ...failed('endless-pages') },
    about: 'a list has no end',
  },
  {
    ...{ code: 'invalid-id', ...failed('invalid-request') },
    about: 'not sent: an id that is none',
  },
  {
    ...{ code: 'invalid-attribute', ...failed('invalid-request') },
    about: 'not sent: a match attribute that is none',
  },
  {
    ...{ code: 'invalid-value', ...failed('invalid-request') },
    about: 'not sent: a value that a filter cannot hold, or a lifetime that cannot be read',
  },
  {
    ...{ code: 'lifetime-over', ...failed('lifetime-over') },
    about:
      'not sent: the lifetime in the policy is over, so the access would have ended before it began',
  },
  {
    ...{ status: [429], ...later('throttled', UNSAID_SECONDS) },
    about: 'Graph throttles the app',
  },
  {
    ...{ status: [408, 500, 502, 503, 504, 507, 509], ...later('graph-unavailable') },
    about: 'Graph is unavailable or overloaded',
  },
  {
    ...{ status: [412, 423], ...later('changed-meanwhile') },
    about: 'somebody else changes the same thing',
  },
  {
    ...{ status: [401], ...failed('unauthenticated') },
    about: 'a fresh token is refused as well',
  },
  {
    ...{ status: [403], code: 'UnAuthorized', ...failed('permission') },
    about: 'a permission is missing, or the id is unknown; waits where it was made just now',
  },
  {
    ...{ status: [403], code: 'Authorization_RequestDenied', ...failed('permission') },
    about: 'a permission is missing',
  },
  {
    ...{ status: [403], isGeneral: true, ...failed('permission') },
    about: 'a permission is missing; waits where the thing was made just now',
  },
  {
    ...{ code: 'InvalidRequestExistingGrant', ...conflict('existing-grant') },
    about:
      'the person has the package. `already-held` if the assignment is delivered, `partly-delivered` or `failed` if it says so',
  },
  {
    ...{ code: 'ExistingOpenRequest', ...conflict('existing-open-request') },
    about: 'a request for the person and package is open. It is polled, whoever made it',
  },
  {
    ...{ code: 'InvalidRequest', detail: 'ExistingOpenRequest' },
    ...conflict('existing-open-request'),
    about: 'the same',
  },
  {
    ...{ code: 'InvalidRequestNoActiveGrant', ...conflict('no-active-grant') },
    about: 'there is no active assignment',
  },
  {
    ...{ code: 'DuplicateAccessPackage', ...conflict('duplicate-access-package') },
    about: 'the name is taken in the catalog. The package of that name is looked up',
  },
  {
    ...{ code: 'DuplicateKey', ...conflict('duplicate-key') },
    about: 'two were created at once, or the id exists. It is looked up',
  },
  {
    ...{ code: 'SubjectNotFound', ...later('target-not-visible') },
    about: 'entitlement management does not know the person yet, or no longer',
  },
  {
    ...{ code: 'CallerNotResourceOwner', ...failed('resource-not-owned') },
    about: 'the app may not add this resource to a catalog',
  },
  {
    ...{ code: 'InvalidModel', ...failed('invalid-request') },
    about: 'Graph does not understand the body',
  },
  {
    ...{ code: 'InvalidFilter', ...failed('invalid-request') },
    about: 'Graph does not understand the filter, or an id in it',
  },
  {
    ...{ status: [404], code: '', ...failed('unknown-route') },
    about: 'the service has no such route: wrong `GRAPH_DIALECT` or `GRAPH_URL`',
  },
  {
    ...{ status: [404], code: 'ResourceNotFound', ...conflict('not-found') },
    about: 'the id is unknown; waits where it was made in the last five minutes',
  },
  {
    ...{ status: [404], code: 'RoleNotFound', ...conflict('not-found') },
    about: 'the resource has no such role; waits like the row above',
  },
  {
    ...{ status: [404], isGeneral: true, ...conflict('not-found') },
    about: 'the same with another code',
  },
  unlistedAnswer,
];
