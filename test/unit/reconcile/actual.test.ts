import { actualOf, type Tenant } from '../../../shared/reconcile/actual';
import type { StagedAssignment, StagedRequest } from '../../../shared/reconcile/read-scope';
import type { StoredHolding } from '../../../shared/storage/holdings';

const AT = '2027-01-04T12:00:00.000Z';
const EARLIER = '2027-01-03T12:00:00.000Z';
const tenant: Tenant = {
  at: Date.parse(AT),
  automatic: new Set(),
  keys: new Map([['id-of-sales', 'sales']]),
  requestsSince: '2026-10-04T12:00:00.000Z',
};

const assignment: StagedAssignment = {
  ...{ id: 'a-1', packageKey: 'sales', userId: 'u-1', status: 'delivered' },
};
const request = (more: Partial<StagedRequest> = {}): StagedRequest => ({
  ...{ id: 'r-1', packageId: 'id-of-sales', userId: 'u-1', does: 'add', isOurs: false },
  since: EARLIER,
  ...more,
});
const holding = (more: Partial<StoredHolding> = {}): StoredHolding => ({
  ...{ personId: 'W-1', targetId: 'u-1', packageKey: 'sales', whose: 'ours', action: 'grant' },
  ...{ state: 'requested', requestId: 'r-1', updatedAt: EARLIER, absentReads: 0 },
  ...{ eventHash: 'e'.repeat(64), attempt: 1, instanceId: 'i-1' },
  ...more,
});
const ofHeld = { state: 'held', assignmentId: 'a-1' } as const;

type Known = Parameters<typeof actualOf>[0];
const shown = (known: Partial<Known>, more: Partial<Tenant> = {}): string[] =>
  actualOf({ assignments: [], requests: [], holdings: [], ...known }, { ...tenant, ...more }).map(
    ({ packageKey, state, whose, requestId }) =>
      [packageKey, state, whose, requestId].filter(Boolean).join(' '),
  );

it.each<[string, Partial<Known>, string[]]>([
  ['an open request of somebody else', { requests: [request()] }, ['sales adding theirs r-1']],
  [
    'one with our tag that no record of ours names',
    { requests: [request({ isOurs: true })] },
    ['sales adding ours r-1'],
  ],
  ['one for a package that was not read', { requests: [request({ packageId: 'other' })] }, []],
  ['one that is to change what is not there', { requests: [request({ does: 'change' })] }, []],
  ['one that is to take what is not there', { requests: [request({ does: 'remove' })] }, []],
  [
    'one for what is there by now',
    { assignments: [assignment], requests: [request()] },
    ['sales held theirs'],
  ],
  [
    'one behind what is being delivered',
    { assignments: [{ ...assignment, status: 'delivering' }], requests: [request()] },
    ['sales adding theirs r-1'],
  ],
  [
    'the removal by somebody else of what is ours',
    {
      assignments: [assignment],
      requests: [request({ id: 'r-2', does: 'remove', assignmentId: 'a-1' })],
      holdings: [holding(ofHeld)],
    },
    ['sales removing ours r-2'],
  ],
  [
    'the removal of another assignment of the package',
    { assignments: [assignment], requests: [request({ does: 'remove', assignmentId: 'a-2' })] },
    ['sales held theirs'],
  ],
  [
    'another assignment of the package than the one that our record names',
    { assignments: [{ ...assignment, id: 'a-2' }], holdings: [holding(ofHeld)] },
    ['sales held theirs'],
  ],
  [
    'a removal of ours that is under way',
    {
      assignments: [assignment],
      requests: [request({ does: 'remove', isOurs: true, assignmentId: 'a-1' })],
      holdings: [holding({ action: 'revoke', assignmentId: 'a-1' })],
    },
    ['sales removing ours r-1'],
  ],
  [
    'an extension of ours that is under way',
    {
      assignments: [assignment],
      requests: [request({ does: 'change', isOurs: true, assignmentId: 'a-1' })],
      holdings: [holding({ action: 'extend', assignmentId: 'a-1' })],
    },
    ['sales adding ours r-1'],
  ],
])('%s', (_, known, expected) => {
  expect(shown(known)).toEqual(expected);
});

it('what a policy gives by its rule is by-rule, and ours where our record names it', () => {
  const automatic = new Set(['by-department']);
  const assignments = [{ ...assignment, policyId: 'by-department' }];
  expect(shown({ assignments }, { automatic })).toEqual(['sales held by-rule']);
  const holdings = [holding({ ...ofHeld, requestId: undefined })];
  expect(shown({ assignments, holdings }, { automatic })).toEqual(['sales held ours']);
});

it.each<[string, Partial<Known>, Partial<Tenant>, string[]]>([
  ['is open while Graph lists it', { requests: [request()] }, {}, ['sales adding ours r-1']],
  ['has ended when Graph does not list it', {}, {}, []],
  [
    'may be open where not all requests were read',
    {},
    { requestsSince: undefined },
    ['sales adding ours r-1'],
  ],
  [
    'may be open where it is older than what was read',
    {},
    { requestsSince: '2027-01-04T00:00:00.000Z' },
    ['sales adding ours r-1'],
  ],
  [
    'may be open where a list may not show it yet',
    { holdings: [holding({ updatedAt: AT })] },
    {},
    ['sales adding ours r-1'],
  ],
])('a request of ours %s', (_, known, more, expected) => {
  expect(shown({ holdings: [holding()], ...known }, more)).toEqual(expected);
});
