import { createEntitlements, type Entitlements } from '../../../../shared/graph/entitlements';
import { classify } from '../../../../shared/graph/errors';
import {
  assignmentId,
  catalogId,
  changes,
  justification,
  packageId,
  policyId,
  requestId,
  userId,
  type Exchange,
} from './exchange';
import { startRecorder, wireOf, type Recorded, type Recorder } from './recorder';

/* What is sent about access that is there already, and for access with an end. */

let recorder: Recorder;
beforeAll(async () => {
  recorder = await startRecorder();
});
afterAll(() => recorder.stop());

const dialects = ['v1.0', 'beta', 'draft'] as const;
const clientOf = (dialect: (typeof dialects)[number]) =>
  createEntitlements({ root: recorder.url, dialect, deadlineMs: 5_000, appVersion: '1.2.3' });

/** The call with `{now}` where a schedule begins within the last minute. */
function withNow({ body, ...call }: Recorded): Recorded {
  if (body === undefined) return call;
  const begins = /"startDateTime":"([^"]+)"/.exec(body)?.[1] ?? '';
  const age = Date.now() - Date.parse(begins);
  return { ...call, body: age >= 0 && age < 60_000 ? body.replace(begins, '{now}') : body };
}

const until = '2027-03-01T00:00:00.000Z';
const operations: Record<string, (graph: Entitlements) => Promise<unknown>> = {
  submitRemoval: (graph) => graph.submitRemoval({ assignmentId, justification }),
  submitUpdate: (graph) => graph.submitUpdate({ assignmentId, until, justification }),
  'submitUpdate, without an end': (graph) =>
    graph.submitUpdate({ assignmentId, until: null, justification }),
  reprocessAssignment: (graph) => graph.reprocessAssignment(assignmentId),
  reprocessRequest: (graph) => graph.reprocessRequest(requestId),
  assignmentsOf: (graph) => graph.assignmentsOf(userId, []),
  policyInForce: (graph) => graph.policyInForce(policyId),
  submitAssignmentRequest: (graph) =>
    graph.submitAssignmentRequest({ packageId, policyId, userId, justification, until }),
};
const request = { id: requestId, requestStatus: 'open' };
const held = { id: assignmentId, packageId, policyId, status: 'delivered', until };
const answers: Record<string, (dialect: (typeof dialects)[number]) => object> = {
  submitRemoval: () => ({ ...request, requestType: 'adminRemove' }),
  submitUpdate: () => ({ ...request, requestType: 'adminUpdate' }),
  assignmentsOf: (dialect) => [{ ...held, catalogId: dialect === 'beta' ? catalogId : undefined }],
  policyInForce: () => ({
    ...{ id: policyId, packageId, approval: 'required', approvalOfUpdate: 'not-required' },
    ...{ schedule: 'forbidden', automatic: true, expiration: { duration: 'P90D' } },
  }),
  submitAssignmentRequest: () => ({ ...request, requestType: 'adminAdd' }),
};

const cases = Object.keys(operations).flatMap((name) =>
  dialects.flatMap((dialect) => {
    const exchange = changes[name]?.[dialect];
    return exchange ? [{ name, dialect, exchange }] : [];
  }),
);

test.each(cases)(
  '$name in $dialect is sent byte for byte, and its answer is read',
  async ({ name, dialect, exchange }: (typeof cases)[number] & { exchange: Exchange }) => {
    recorder.expect([exchange]);
    const answer = await operations[name]?.(clientOf(dialect));
    expect(recorder.recorded.map(withNow)).toEqual([wireOf(exchange, recorder.url)]);
    expect(answer).toMatchObject(answers[name]?.(dialect) ?? {});
  },
);

test.each(['submitRemoval', 'submitUpdate', 'reprocessAssignment', 'reprocessRequest'])(
  '%s is unsupported in draft, and nothing is sent',
  async (name) => {
    expect(changes[name]?.draft).toBeNull();
    recorder.expect([]);
    const refused: unknown = await operations[name]?.(clientOf('draft')).catch(
      (error: unknown) => error,
    );
    expect(classify(refused)).toMatchObject({ kind: 'failed', why: 'unsupported' });
    expect(recorder.recorded).toEqual([]);
  },
);
