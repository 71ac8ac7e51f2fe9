import { assignmentStatusOf, isOpen, requestStatusOf } from '../../../shared/graph/states';

test.each([
  ['submitted', 'open'],
  ['Submitted', 'open'],
  ['pendingApproval', 'waiting-for-approval'],
  ['PendingApproval', 'waiting-for-approval'],
  ['delivering', 'open'],
  ['DELIVERING', 'open'],
  ['delivered', 'delivered'],
  ['Delivered', 'delivered'],
  ['deliveryFailed', 'failed'],
  ['denied', 'denied'],
  ['scheduled', 'scheduled'],
  ['canceled', 'canceled'],
  ['PartiallyDelivered', 'partial'],
] as const)('a request in state %s is %s', (state, status) => {
  expect(requestStatusOf(state, 'Accepted')).toBe(status);
});

test.each(['unknownFutureValue', 'somethingNew', '', 'constructor', undefined])(
  'a request in state %p is unknown and still open, never delivered',
  (state) => {
    expect(requestStatusOf(state, undefined)).toBe('unknown');
    expect(isOpen(requestStatusOf(state, undefined))).toBe(true);
  },
);

test('a request that waits for a custom extension is recognized by its status', () => {
  expect(requestStatusOf('submitted', 'WaitingForCallback')).toBe('waiting-for-callback');
});

test('a settled request stays settled whatever its status says', () => {
  expect(requestStatusOf('delivered', 'WaitingForCallback')).toBe('delivered');
  expect(requestStatusOf('denied', 'Delivered')).toBe('denied');
});

test.each([
  ['delivering', 'delivering'],
  ['Delivered', 'delivered'],
  ['partiallyDelivered', 'partial'],
  ['DeliveryFailed', 'failed'],
  ['expired', 'expired'],
  ['unknownFutureValue', 'unknown'],
] as const)('an assignment in state %s is %s', (state, status) => {
  expect(assignmentStatusOf(state)).toBe(status);
});
