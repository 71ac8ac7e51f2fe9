import { assignmentPhase, isOpen, requestPhase } from '../../../shared/graph/states';

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
] as const)('a request in state %s is %s', (state, phase) => {
  expect(requestPhase(state, 'Accepted')).toBe(phase);
});

test.each(['unknownFutureValue', 'somethingNew', '', 'constructor', undefined])(
  'a request in state %p is unknown and still open, never delivered',
  (state) => {
    expect(requestPhase(state, undefined)).toBe('unknown');
    expect(isOpen(requestPhase(state, undefined))).toBe(true);
  },
);

test('a request that waits for a custom extension is told by its status', () => {
  expect(requestPhase('submitted', 'WaitingForCallback')).toBe('waiting-for-callback');
});

test('a settled request stays settled whatever its status says', () => {
  expect(requestPhase('delivered', 'WaitingForCallback')).toBe('delivered');
  expect(requestPhase('denied', 'Delivered')).toBe('denied');
});

test.each([
  ['delivering', 'delivering'],
  ['Delivered', 'delivered'],
  ['partiallyDelivered', 'partial'],
  ['DeliveryFailed', 'failed'],
  ['expired', 'expired'],
  ['unknownFutureValue', 'unknown'],
] as const)('an assignment in state %s is %s', (state, phase) => {
  expect(assignmentPhase(state)).toBe(phase);
});
