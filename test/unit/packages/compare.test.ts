import type { Policy } from '../../../shared/domain/access-model/access-model';
import { AssignmentPolicy } from '../../../shared/graph/answers';
import { catalogDifferences, policyDifferences } from '../../../shared/packages/compare';

const user = '20000000-0000-4000-8000-000000001001';
const group = '10000000-0000-4000-8000-000000000007';

const wanted: Policy = {
  displayName: 'Approved',
  description: 'Somebody agrees',
  expiration: { type: 'afterDateTime', endDateTime: '2027-05-31T00:00:00Z' },
  approval: {
    required: true,
    stages: [
      {
        durationBeforeAutomaticDenial: 'P14D',
        primaryApprovers: [{ userId: user }, { groupId: group }],
      },
      { durationBeforeAutomaticDenial: 'P7D', primaryApprovers: [{ managerLevel: 1 }] },
    ],
  },
};

/** As Graph shows the policy: other spellings of one time, members that nobody asked for, approvers in any order. */
const shown = {
  id: 'p-1',
  displayName: 'Approved',
  description: 'Somebody agrees',
  allowedTargetScope: 'notSpecified',
  expiration: { type: 'afterDateTime', duration: null, endDateTime: '2027-05-31T02:00:00+02:00' },
  requestApprovalSettings: {
    isApprovalRequiredForAdd: true,
    isApprovalRequiredForUpdate: false,
    stages: [
      {
        durationBeforeAutomaticDenial: 'P14D',
        isEscalationEnabled: false,
        primaryApprovers: [
          { '@odata.type': '#microsoft.graph.groupMembers', groupId: group, description: 'Money' },
          { '@odata.type': '#microsoft.graph.singleUser', userId: user },
        ],
      },
      {
        durationBeforeAutomaticDenial: 'P7D',
        primaryApprovers: [{ '@odata.type': '#microsoft.graph.requestorManager', managerLevel: 1 }],
      },
    ],
  },
};

const differences = (changes: object) =>
  policyDifferences(wanted, AssignmentPolicy.parse({ ...shown, ...changes }));

test('a policy that says the same in other words has no differences', () => {
  expect(differences({})).toEqual([]);
});

const { requestApprovalSettings: approval } = shown;
test.each([
  ['another end', { expiration: { ...shown.expiration, endDateTime: '2027-06-01T00:00:00Z' } }],
  ['no end', { expiration: { type: 'noExpiration' } }],
  ['nothing said of its end', { expiration: null }],
])('a policy with %s differs in its expiration', (_, change) => {
  expect(differences(change)).toEqual(['policy.expiration']);
});

test.each([
  ['without approval', { ...approval, isApprovalRequiredForAdd: false }],
  ['with a stage less', { ...approval, stages: approval.stages.slice(0, 1) }],
  ['with its stages in another order', { ...approval, stages: [...approval.stages].reverse() }],
  ['without settings', null],
])('a policy %s differs in its approval', (_, requestApprovalSettings) => {
  expect(differences({ requestApprovalSettings })).toEqual(['policy.approval']);
});

test('a catalog that is not published differs in its state', () => {
  const catalog = { key: 'finance', displayName: 'Finance', description: 'Money' };
  const found = { id: 'c-1', displayName: 'Finance', description: 'Money', published: false };
  expect(catalogDifferences(catalog, found)).toEqual(['catalog.state']);
});
