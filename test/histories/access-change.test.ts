import type { Later } from '../../shared/domain/workflow/outcome';
import {
  callsTo,
  closingOf,
  CURRENT_VERSION,
  daysOf,
  ensuredStep,
  happyActivities,
  ids,
  planned,
  START,
  step,
  runWorkflow,
  type Statuses,
} from './scenarios';

const later = (why: string, afterSeconds = 1): Later => ({ kind: 'later', afterSeconds, why });

test('a happy joiner whose package is complete makes six calls, and waits for nothing while it has the lock', async () => {
  const fakes = { ...happyActivities(), planAccess: () => planned(ensuredStep('finance')) };
  const result = await runWorkflow(fakes);
  expect(result.status).toBe('Completed');
  expect(result.calls.map((call) => call.name)).toEqual([
    'beginRun',
    'planAccess',
    'submitRequest',
    'pollRequests',
    'settleStep',
    'closeRun',
  ]);
  expect(closingOf(result).outcome).toBe('delivered');
});

test('a package that is not complete is ensured by a call of its own', async () => {
  const result = await runWorkflow(happyActivities());
  expect(result.calls.map((call) => call.name).slice(1, 4)).toEqual([
    'planAccess',
    'ensurePackage',
    'submitRequest',
  ]);
});

test('the last request of a plan releases the lock; without one, a call of its own does', async () => {
  const fakes = { ...happyActivities(), planAccess: () => planned(step('a'), step('b')) };
  const both = await runWorkflow(fakes);
  expect(callsTo(both, 'submitRequest').map(({ releases }) => releases)).toEqual([undefined, 1]);
  expect(callsTo(both, 'releaseLock')).toEqual([]);
  const { submitRequest } = fakes;
  fakes.submitRequest = (input, clock) =>
    input.step.packageKey === 'b'
      ? { chain: input.chain, outcome: { kind: 'rejected', reason: 'refused-sod' } }
      : submitRequest(input, clock);
  const one = await runWorkflow(fakes);
  expect(callsTo(one, 'releaseLock')).toMatchObject([{ fencingToken: 1 }]);
});

test('a request whose lock was lost is made under the next one, with its intent recorded once', async () => {
  const fakes = { ...happyActivities(), planAccess: () => planned(ensuredStep('finance')) };
  const { submitRequest } = fakes;
  let tries = 0;
  fakes.submitRequest = (input, clock) => {
    const answer = submitRequest(input, clock);
    return ++tries === 1 ? { ...answer, outcome: later('lock-lost') } : answer;
  };
  const result = await runWorkflow(fakes);
  const requests = callsTo(result, 'submitRequest') as Record<string, unknown>[];
  expect(requests).toMatchObject([
    { releases: 1, intentRecorded: false, chain: { seq: 0 } },
    { releases: 2, intentRecorded: true, chain: { seq: 3 } },
  ]);
  expect(closingOf(result).outcome).toBe('delivered');
});

test('each activity receives the end of the chain that the one before it answered', async () => {
  const result = await runWorkflow(happyActivities());
  const chain = (name: 'ensurePackage' | 'submitRequest' | 'settleStep' | 'closeRun') =>
    (callsTo(result, name)[0] as unknown as { chain: { seq: number } }).chain.seq;
  expect([
    chain('ensurePackage'),
    chain('submitRequest'),
    chain('settleStep'),
    chain('closeRun'),
  ]).toEqual([0, 2, 3, 4]);
});

const endings: [
  name: string,
  statuses: Statuses,
  wait: boolean,
  outcome: string,
  atLeastDays: number,
][] = [
  [
    'delivered after hours',
    [
      [5, 'open'],
      [Infinity, 'delivered'],
    ],
    false,
    'delivered',
    5 / 24,
  ],
  [
    'denied',
    [
      [1, 'open'],
      [Infinity, 'denied'],
    ],
    false,
    'denied',
    0,
  ],
  [
    'canceled',
    [
      [1, 'open'],
      [Infinity, 'canceled'],
    ],
    false,
    'denied',
    0,
  ],
  [
    'failed',
    [
      [1, 'open'],
      [Infinity, 'failed'],
    ],
    false,
    'failed',
    0,
  ],
  ['partial for good', [[Infinity, 'partial']], false, 'partly-delivered', 4 / 24],
  [
    'partial, then healed',
    [
      [2, 'partial'],
      [3, 'open'],
      [Infinity, 'delivered'],
    ],
    false,
    'delivered',
    3 / 24,
  ],
  ['waiting for approval', [[Infinity, 'waiting-for-approval']], false, 'approval-required', 0],
  ['never approved', [[Infinity, 'waiting-for-approval']], true, 'timed-out', 15],
  [
    'approved on day 14',
    [
      [336, 'waiting-for-approval'],
      [Infinity, 'delivered'],
    ],
    true,
    'delivered',
    14,
  ],
  ['stuck', [[Infinity, 'open']], false, 'timed-out', 3],
  [
    'scheduled, then delivered',
    [
      [10, 'scheduled'],
      [Infinity, 'delivered'],
    ],
    false,
    'delivered',
    10 / 24,
  ],
  ['waiting for a callback for ever', [[Infinity, 'waiting-for-callback']], false, 'timed-out', 3],
  ['a state that nobody knows', [[Infinity, 'unknown']], false, 'needs-attention', 3],
];

test.each(endings)('a request that is %s', async (_name, statuses, wait, outcome, atLeastDays) => {
  const result = await runWorkflow(happyActivities(statuses, wait));
  expect(closingOf(result).outcome).toBe(outcome);
  expect(daysOf(result)).toBeGreaterThanOrEqual(atLeastDays);
  expect(daysOf(result)).toBeLessThan(atLeastDays + 0.2);
});

test('a 14-day wait for an approval keeps every history below 500 events', async () => {
  const result = await runWorkflow(
    happyActivities(
      [
        [336, 'waiting-for-approval'],
        [Infinity, 'delivered'],
      ],
      true,
    ),
  );
  expect(closingOf(result).outcome).toBe('delivered');
  expect(result.generations).toBeGreaterThan(3);
  expect(result.largestHistory).toBeLessThan(500);
});

test('a person who is not in the directory yet is looked up again until found, under a new lock each time', async () => {
  const fakes = happyActivities();
  const { planAccess } = fakes;
  let plans = 0;
  fakes.planAccess = (...args) =>
    ++plans < 8 ? { outcome: later('no-identity') } : planAccess(...args);
  const result = await runWorkflow(fakes);
  expect(closingOf(result).outcome).toBe('delivered');
  const tokens = callsTo(result, 'planAccess').map(({ fencingToken }) => fencingToken);
  expect(tokens).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(callsTo(result, 'submitRequest')).toMatchObject([{ releases: 8 }]);
});

test('a person who never appears closes the event as no-identity after the deadline, in short histories', async () => {
  const fakes = { ...happyActivities(), planAccess: () => ({ outcome: later('no-identity') }) };
  const { beginRun } = fakes;
  fakes.beginRun = (...args) => {
    const { outcome } = beginRun(...args);
    if (outcome.kind === 'done') outcome.timeouts = { ...outcome.timeouts, identity: 2 * 86_400 };
    return { outcome };
  };
  const result = await runWorkflow(fakes);
  expect(closingOf(result).outcome).toBe('no-identity');
  expect(Math.round(daysOf(result))).toBe(2);
  expect(result.largestHistory).toBeLessThan(500);
});

test('no rule matches: closed without a step', async () => {
  const rejected = { kind: 'rejected', reason: 'no-matching-rule' } as const;
  const result = await runWorkflow({
    ...happyActivities(),
    planAccess: () => ({ outcome: rejected }),
  });
  expect(closingOf(result).outcome).toBe('no-matching-rule');
  expect(callsTo(result, 'submitRequest')).toEqual([]);
});

test('a package that differs from the model needs attention, with its settled row', async () => {
  const fakes = happyActivities();
  fakes.ensurePackage = ({ chain }) => ({
    chain: { ...chain, seq: chain.seq + 1 },
    outcome: { kind: 'failed', why: 'drift:description' },
  });
  const result = await runWorkflow(fakes);
  expect(closingOf(result)).toMatchObject({
    outcome: 'needs-attention',
    reason: 'drift:description',
  });
  expect(callsTo(result, 'settleStep')).toMatchObject([{ operation: 'ensure', chain: { seq: 1 } }]);
});

test('a step that is tried again records its intent once', async () => {
  const fakes = happyActivities();
  const { submitRequest } = fakes;
  let tries = 0;
  fakes.submitRequest = (input, clock) =>
    ++tries < 3
      ? {
          chain: input.intentRecorded ? input.chain : { ...input.chain, seq: input.chain.seq + 1 },
          outcome: later('throttled', 20),
        }
      : submitRequest(input, clock);
  const result = await runWorkflow(fakes);
  expect(callsTo(result, 'submitRequest').map(({ intentRecorded }) => intentRecorded)).toEqual([
    false,
    true,
    true,
  ]);
  expect(callsTo(result, 'ensurePackage')).toHaveLength(1);
  expect(closingOf(result).outcome).toBe('delivered');
});

test('Graph throttles for longer than the retry budget: timed out, and the settled row says so', async () => {
  const fakes = happyActivities();
  fakes.submitRequest = (input) => ({
    chain: input.intentRecorded ? input.chain : { ...input.chain, seq: input.chain.seq + 1 },
    outcome: later('throttled', 60),
  });
  const result = await runWorkflow(fakes);
  expect(closingOf(result).outcome).toBe('timed-out');
  expect(callsTo(result, 'settleStep')).toMatchObject([
    { operation: 'assign', result: { outcome: 'timed-out' } },
  ]);
});

test('storage is unavailable for a day: the run waits and then continues', async () => {
  const fakes = happyActivities();
  const { closeRun } = fakes;
  const until = Date.parse('2026-11-21T09:30:00Z');
  fakes.closeRun = (input, clock) =>
    clock.now.getTime() < until
      ? { outcome: later('store-unavailable', 5) }
      : closeRun(input, clock);
  const result = await runWorkflow(fakes);
  expect(result.status).toBe('Completed');
  const closings = callsTo(result, 'closeRun') as { outcome: string }[];
  expect(closings.at(-1)?.outcome).toBe('delivered');
  expect(daysOf(result)).toBeLessThan(1.1);
  expect(result.largestHistory).toBeLessThan(500);
});

test('an activity that throws is tried three times and ends as failed', async () => {
  const fakes = happyActivities();
  fakes.submitRequest = () => {
    throw new Error('a defect');
  };
  const result = await runWorkflow(fakes);
  expect(callsTo(result, 'submitRequest')).toHaveLength(3);
  expect(closingOf(result)).toMatchObject({ outcome: 'failed' });
});

test('planning that breaks off for good gives its lock back before anything else', async () => {
  const fakes = happyActivities();
  let plans = 0;
  fakes.planAccess = () => {
    plans += 1;
    if (plans > 1) throw new Error('a defect');
    return { outcome: { ...planned(ensuredStep('a')).outcome, isPartial: true } };
  };
  const result = await runWorkflow(fakes);
  const calls = result.calls.map(({ name }) => name);
  const last = calls.lastIndexOf('planAccess');
  expect(calls[last + 1]).toBe('releaseLock');
  const tokensOf = (name: 'planAccess' | 'releaseLock') =>
    callsTo(result, name).map((call) => (call as { fencingToken: number }).fencingToken);
  expect(tokensOf('releaseLock').at(-1)).toBe(tokensOf('planAccess').at(-1));
});

test('a stale run does nothing at all', async () => {
  const stale = { kind: 'rejected', reason: 'stale' } as const;
  const result = await runWorkflow({ ...happyActivities(), beginRun: () => ({ outcome: stale }) });
  expect(result.status).toBe('Completed');
  expect(result.calls).toHaveLength(1);
});

test('a run whose fencing token is stale stops without a closing row', async () => {
  const stale = { kind: 'rejected', reason: 'stale' } as const;
  const result = await runWorkflow({
    ...happyActivities(),
    planAccess: () => ({ outcome: stale }),
  });
  expect(callsTo(result, 'closeRun')).toEqual([]);
});

test('each of several packages ends on its own, and together they are partly delivered', async () => {
  const fakes = happyActivities();
  fakes.planAccess = () => planned(step('a'), step('b'), step('c'));
  fakes.pollRequests = ({ requests }) => ({
    outcome: {
      kind: 'done',
      readings: requests.map(({ requestId: id }) => ({
        requestStatus: id === 'r-b' ? 'denied' : 'delivered',
        graphState: '',
      })),
    },
  });
  fakes.submitRequest = ({ chain, step: { packageKey } }) => ({
    chain: { ...chain, seq: chain.seq + 1 },
    outcome:
      packageKey === 'c'
        ? { kind: 'done', result: { outcome: 'already-held' } }
        : { kind: 'done', requestId: `r-${packageKey}` },
  });
  const result = await runWorkflow(fakes);
  expect(closingOf(result).outcome).toBe('partly-delivered');
  expect(callsTo(result, 'settleStep')).toMatchObject([
    { step: { packageKey: 'a', ids, requestId: 'r-a' }, result: { outcome: 'delivered' } },
    { step: { packageKey: 'b' }, result: { outcome: 'denied' } },
    { step: { packageKey: 'c' }, result: { outcome: 'already-held' } },
  ]);
});

test('a run that is stale while settling stops and closes nothing', async () => {
  const stale = { kind: 'rejected', reason: 'stale' } as const;
  const result = await runWorkflow({
    ...happyActivities(),
    settleStep: () => ({ outcome: stale }),
  });
  expect(result.status).toBe('Completed');
  expect(callsTo(result, 'settleStep')).toHaveLength(1);
  expect(callsTo(result, 'closeRun')).toEqual([]);
});

test('a settled row that can never be written is skipped after its retries, and the event is closed', async () => {
  const fakes = happyActivities();
  fakes.settleStep = () => {
    throw new Error('a defect');
  };
  const result = await runWorkflow(fakes);
  expect(callsTo(result, 'settleStep')).toHaveLength(6);
  expect(closingOf(result).outcome).toBe('failed');
});

test('a request that one poll is refused is polled on, and ends as Graph says', async () => {
  const fakes = happyActivities();
  fakes.planAccess = () => planned(step('a'));
  let polls = 0;
  fakes.pollRequests = () => {
    polls += 1;
    const reading =
      polls === 1
        ? ({ requestStatus: 'unreadable', graphState: 'unexpected-answer' } as const)
        : ({ requestStatus: 'delivered', graphState: 'delivered' } as const);
    return { outcome: { kind: 'done', readings: [reading] } };
  };
  const result = await runWorkflow(fakes);
  expect(closingOf(result).outcome).toBe('delivered');
});

test('a request that can never be read needs attention in the end and delays no other step', async () => {
  const fakes = happyActivities();
  fakes.planAccess = () => planned(step('a'), step('b'));
  fakes.pollRequests = ({ requests }) => ({
    outcome: {
      kind: 'done',
      readings: requests.map(({ requestId: id }) =>
        id === 'r-a'
          ? { requestStatus: 'unreadable', graphState: 'permission' }
          : { requestStatus: 'delivered', graphState: 'delivered' },
      ),
    },
  });
  const result = await runWorkflow(fakes);
  expect(callsTo(result, 'settleStep')).toMatchObject([
    { result: { outcome: 'delivered' } },
    { result: { outcome: 'needs-attention', reason: 'request-unreadable' } },
  ]);
  expect(closingOf(result).outcome).toBe('partly-delivered');
});

test('polls that are throttled for days decide nothing about an approval that is waited for', async () => {
  const fakes = happyActivities([[Infinity, 'waiting-for-approval']], true);
  const { pollRequests } = fakes;
  fakes.pollRequests = (input, clock) => {
    const days = (clock.now.getTime() - Date.parse('2026-11-20T09:30:00Z')) / 86_400_000;
    if (days < 1) return pollRequests(input, clock);
    if (days < 6) return { outcome: later('throttled', 600) };
    return {
      outcome: {
        kind: 'done',
        readings: [{ requestStatus: 'delivered', graphState: 'delivered' }],
      },
    };
  };
  expect(closingOf(await runWorkflow(fakes)).outcome).toBe('delivered');
});

test.each(['beginRun', 'planAccess', 'releaseLock'] as const)(
  'storage is unavailable for three days at %s: the run waits in short histories and then continues',
  async (name) => {
    const fakes = happyActivities();
    const { submitRequest } = fakes;
    // The lock is left to a call of its own.
    fakes.submitRequest = (input, clock) => submitRequest({ ...input, releases: undefined }, clock);
    const act = fakes[name] as (...args: unknown[]) => unknown;
    const until = Date.parse('2026-11-23T09:30:00Z');
    const waiting = (input: unknown, clock: { now: Date }) =>
      clock.now.getTime() < until ? { outcome: later('store-unavailable', 5) } : act(input, clock);
    const result = await runWorkflow({ ...fakes, [name]: waiting });
    expect(closingOf(result).outcome).toBe('delivered');
    expect(result.largestHistory).toBeLessThan(500);
  },
);

test('an answer that breaks its contract is a defect in the first execution and in every replay', async () => {
  const fakes = happyActivities();
  const { planAccess } = fakes;
  let plans = 0;
  fakes.planAccess = (...args) =>
    ++plans === 1 ? ({ outcome: { kind: 'done' } } as never) : planAccess(...args);
  const result = await runWorkflow(fakes);
  expect(plans).toBe(2);
  expect(closingOf(result).outcome).toBe('delivered');
});

test.each([
  ['1.0', 1],
  ['2.0', 2],
  ['10.0', 10],
  ['', 1],
])('a run started under version "%s" has its claim carry version %d', async (version, expected) => {
  const result = await runWorkflow(happyActivities(), version);
  expect((callsTo(result, 'beginRun') as { version?: number }[])[0]?.version).toBe(expected);
  expect(closingOf(result).outcome).toBe('delivered');
});

/** Delivered after polls of a quarter of an hour. */
const polledForMinutes = () =>
  happyActivities([
    [0.25, 'open'],
    [Infinity, 'delivered'],
  ]);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

afterEach(() => jest.useRealTimers());

/** Sets the clock of this process and lets its timers be. */
function wallClock(now: number): void {
  jest.useFakeTimers({
    now,
    doNotFake: [
      ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate'] as const),
      ...([
        'clearImmediate',
        'setInterval',
        'clearInterval',
        'setTimeout',
        'clearTimeout',
      ] as const),
    ],
  });
}

test.each([
  ['an hour ahead', HOUR],
  ['an hour behind', -HOUR],
  ['three days ahead', 3 * DAY],
])(
  'a run on a host whose clock is %s makes the same calls at the same times',
  async (_, offset) => {
    const right = await runWorkflow(polledForMinutes());
    wallClock(Date.now() + offset);
    const wrong = await runWorkflow(polledForMinutes());
    expect(wrong.calls).toEqual(right.calls);
    expect(wrong.now).toEqual(right.now);
  },
);

test.each([
  ['the year ends', '2026-12-31T12:00:00Z'],
  ['a leap day passes', '2028-02-28T23:59:59Z'],
  ['clocks go forward in Europe', '2027-03-28T00:30:00Z'],
  ['clocks go back in America', '2026-11-01T05:30:00Z'],
])('a run keeps its intervals while %s', async (_, startAt) => {
  const ordinary = await runWorkflow(polledForMinutes());
  const special = await runWorkflow(polledForMinutes(), CURRENT_VERSION, new Date(startAt));
  expect(special.calls.map(({ name }) => name)).toEqual(ordinary.calls.map(({ name }) => name));
  expect(special.now.getTime() - Date.parse(startAt)).toBe(
    ordinary.now.getTime() - START.getTime(),
  );
});
