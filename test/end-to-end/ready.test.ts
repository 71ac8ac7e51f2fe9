import type { ServiceName } from '../../infra/local/stack/services';
import { eventually } from '../support/eventually';
import { graphCalls } from '../support/simulator';
import { startStack, type TestStack } from '../support/test-stack';

type Readiness = { status: number; ready: boolean; dependencies: Record<string, string> };

const ALL_OK = {
  ...{ accessModel: 'ok', records: 'ok', audit: 'ok', taskHub: 'ok', graph: 'ok', queue: 'ok' },
  permissions: 'ok',
};

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

async function getReadiness(): Promise<Readiness> {
  const answer = await fetch(`${stack.hostUrl}/api/health/ready`);
  return { status: answer.status, ...((await answer.json()) as Omit<Readiness, 'status'>) };
}

const becomes = (status: number) =>
  eventually(`readiness is ${status}`, async () => {
    const readiness = await getReadiness();
    return readiness.status === status ? readiness : undefined;
  });

const graphCallCount = async (): Promise<number> => (await graphCalls(stack.graphUrl)).length;

test('a healthy stack is ready, and 100 requests lead to one Graph call in three seconds', async () => {
  const before = await graphCallCount();
  const began = Date.now();
  const answers = await Promise.all(Array.from({ length: 100 }, getReadiness));
  expect(answers[0]).toEqual({ status: 200, ready: true, dependencies: ALL_OK });
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const calls = (await graphCallCount()) - before;
  expect(calls).toBeGreaterThanOrEqual(1);
  expect(calls).toBeLessThanOrEqual(1 + Math.floor((Date.now() - began) / 3_000));
});

const downs: [ServiceName, Record<string, string>][] = [
  ['graph', { graph: 'graph-unreachable' }],
  ['service-bus', { queue: 'unreachable' }],
  ['storage', { records: 'store-unavailable', audit: 'store-unavailable' }],
];

test.each(downs)(
  'while %s is down, readiness is 503 with the reason; afterwards it is 200',
  async (part, expected) => {
    await stack.kill(part);
    expect(await becomes(503)).toEqual({
      ...{ status: 503, ready: false },
      dependencies: { ...ALL_OK, ...expected },
    });
    await stack.start(part);
    expect(await becomes(200)).toMatchObject({ dependencies: ALL_OK });
  },
  60_000,
);

test('a dependency that does not answer is reported within the deadline', async () => {
  stack.signal('graph', 'SIGSTOP');
  try {
    const readiness = await becomes(503);
    expect(readiness.dependencies).toEqual({ ...ALL_OK, graph: 'no-answer-in-time' });
  } finally {
    stack.signal('graph', 'SIGCONT');
  }
}, 60_000);
