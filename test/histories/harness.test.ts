import type { OrchestrationContext, OrchestrationHandler } from 'durable-functions';
import { EventType } from '../../infra/local/functions-host/durable/protocol/history';
import { NonDeterminismError } from '../../infra/local/functions-host/durable/replayer/schedule';
import { replayHistory } from './replay-history';
import { runOrchestration, type RunOptions } from './virtual-host';

const HOUR = 3_600_000;

const run = (orchestrator: OrchestrationHandler, options: Partial<RunOptions> = {}) =>
  runOrchestration({
    start: 'workflow',
    input: null,
    activities: { a: () => 'a', b: () => 'b', c: () => 'c' },
    ...options,
    orchestrators: { workflow: orchestrator, ...options.orchestrators },
  });

const later = (context: OrchestrationContext, milliseconds: number): Date =>
  new Date(context.df.currentUtcDateTime.getTime() + milliseconds);

describe('the virtual clock', () => {
  it('passes two timers of an hour at once', async () => {
    const began = Date.now();
    const result = await run(function* (context) {
      yield context.df.createTimer(later(context, HOUR));
      yield context.df.createTimer(later(context, HOUR));
      return context.df.currentUtcDateTime.toISOString();
    });
    expect(result).toMatchObject({ status: 'Completed', output: '2026-01-01T02:00:00.000Z' });
    expect(Date.now() - began).toBeLessThan(2_000);
  });

  it('lets an activity take time and fires what is due meanwhile first', async () => {
    const result = await run(
      function* (context) {
        const slow = context.df.callActivity('slow');
        const timer = context.df.createTimer(later(context, 60_000));
        const first: unknown = yield context.df.Task.any([slow, timer]);
        yield slow;
        return { timerFirst: first === timer };
      },
      { activities: { slow: (_, clock) => (clock.now = new Date(clock.now.getTime() + HOUR)) } },
    );
    expect(result.output).toEqual({ timerFirst: true });
    expect(result.now).toEqual(new Date('2026-01-01T01:00:00Z'));
  });

  it('keeps a 14-day loop with continueAsNew under 500 events per generation', async () => {
    const result = await run(
      function* (context) {
        const { day } = context.df.getInput<{ day: number }>();
        for (let hour = 0; hour < 24; hour++) {
          yield context.df.callActivity('a', { day, hour });
          yield context.df.createTimer(later(context, HOUR));
        }
        if (day + 1 < 14) context.df.continueAsNew({ day: day + 1 });
        return 'waited';
      },
      { input: { day: 0 } },
    );
    expect(result).toMatchObject({ output: 'waited', generations: 14, status: 'Completed' });
    expect(result.now).toEqual(new Date('2026-01-15T00:00:00Z'));
    expect(result.calls).toHaveLength(14 * 24);
    expect(result.largestHistory).toBeLessThan(500);
  });

  it('splits a timer of ten days as the extension does', async () => {
    const result = await run(function* (context) {
      yield context.df.createTimer(later(context, 240 * HOUR));
      yield context.df.callActivity('a');
    });
    const timers = result.histories[0]?.filter((e) => e.EventType === EventType.TimerCreated);
    expect(timers).toHaveLength(3);
    expect(result.now).toEqual(new Date('2026-01-11T00:00:00Z'));
  });
});

describe('what crosses', () => {
  it('retries a failed activity with widening timers and reports the last failure', async () => {
    let tries = 0;
    const flaky = (): never => {
      throw new Error(`try ${++tries}`);
    };
    const result = await run(
      function* (context) {
        const retry = { firstRetryIntervalInMilliseconds: 1000, maxNumberOfAttempts: 3 };
        yield context.df.callActivityWithRetry('flaky', {
          ...retry,
          backoffCoefficient: 2,
        } as never);
      },
      { activities: { flaky } },
    );
    expect(tries).toBe(3);
    expect(result.status).toBe('Failed');
    expect(result.error).toContain("Activity function 'flaky' failed:  try 3");
    expect(result.now).toEqual(new Date('2026-01-01T00:00:03Z'));
  });

  it('gives values as JSON, strings as strings, and the result of sub-orchestrations', async () => {
    const result = await run(
      function* (context) {
        const parts: unknown = yield context.df.Task.all([
          context.df.callActivity('echo', 'text'),
          context.df.callActivity('echo', { at: new Date(0) }),
          context.df.callSubOrchestrator('child', { n: 20 }),
        ]);
        return parts;
      },
      {
        orchestrators: {
          child: function* (context) {
            const { n } = context.df.getInput<{ n: number }>();
            const one = (yield context.df.callActivity('one')) as number;
            return n + one;
          },
        },
        activities: { echo: (value) => value, one: () => 1 },
      },
    );
    expect(result.output).toEqual(['text', { at: '1970-01-01T00:00:00.000Z' }, 21]);
  });

  it('says so when nothing will ever wake the orchestration, or when it never ends', async () => {
    const stuck = run(function* (context) {
      yield context.df.waitForExternalEvent('never');
    });
    await expect(stuck).rejects.toThrow('waits for something that never comes');
    const endless = run(
      function* (context) {
        yield context.df.callActivity('a');
        context.df.continueAsNew({});
      },
      { maxTurns: 50 },
    );
    await expect(endless).rejects.toThrow('did not end within 50 turns');
  });
});

describe('a non-deterministic orchestrator', () => {
  it('is caught branching on Math.random', async () => {
    const chance = run(function* (context) {
      yield context.df.callActivity(Math.random() < 0.5 ? 'a' : 'b');
    });
    await expect(chance).rejects.toThrow(NonDeterminismError);
    await expect(chance).rejects.toThrow(/activity '[ab]' with id 0/);
  });

  it('is caught yielding behind isReplaying', async () => {
    const behind = run(function* (context) {
      if (!context.df.isReplaying) yield context.df.callActivity('a');
      yield context.df.callActivity('b');
    });
    await expect(behind).rejects.toThrow("history has activity 'a' with id 0");
  });

  it('is caught giving an activity another input on replay', async () => {
    const dice = run(function* (context) {
      yield context.df.callActivity('a', { token: Math.random() });
    });
    await expect(dice).rejects.toThrow("activity 'a' with id 0 had another input");
  });
});

describe('a frozen history', () => {
  const ordered: OrchestrationHandler = function* (context) {
    yield context.df.callActivity('a', { n: 1 });
    yield context.df.createTimer(later(context, HOUR));
    yield context.df.callActivity('b', { n: 2 });
    return 'done';
  };
  const frozen = async () =>
    JSON.parse(JSON.stringify((await run(ordered)).histories[0])) as Parameters<
      typeof replayHistory
    >[1];

  it('re-executes to the same actions', async () => {
    await expect(replayHistory(ordered, await frozen())).resolves.toBeUndefined();
  });

  it.each<[string, OrchestrationHandler, string]>([
    [
      'two activities are swapped',
      function* (context) {
        yield context.df.callActivity('b', { n: 2 });
        yield context.df.createTimer(later(context, HOUR));
        yield context.df.callActivity('a', { n: 1 });
        return 'done';
      },
      "history has activity 'a' with id 0, but the orchestrator now schedules activity 'b'",
    ],
    [
      'an activity is added at the end',
      function* (context) {
        yield context.df.callActivity('a', { n: 1 });
        yield context.df.createTimer(later(context, HOUR));
        yield context.df.callActivity('b', { n: 2 });
        yield context.df.callActivity('c');
        return 'done';
      },
      "now also schedules activity 'c' with id 3",
    ],
    [
      'an activity is gone from the end',
      function* (context) {
        yield context.df.callActivity('a', { n: 1 });
        yield context.df.createTimer(later(context, HOUR));
        return 'done';
      },
      "history has activity 'b' with id 2, but the orchestrator now schedules nothing",
    ],
    [
      'an input changed',
      function* (context) {
        yield context.df.callActivity('a', { n: 7 });
        yield context.df.createTimer(later(context, HOUR));
        yield context.df.callActivity('b', { n: 2 });
        return 'done';
      },
      "activity 'a' with id 0 had another input",
    ],
  ])('is refused when %s', async (_, changed, message) => {
    const history = await frozen();
    await expect(replayHistory(changed, history)).rejects.toThrow(message);
  });
});
