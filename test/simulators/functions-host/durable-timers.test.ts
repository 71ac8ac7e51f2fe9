import {
  createTimers,
  type DurableTimer,
} from '../../../infra/local/functions-host/durable/engine/scheduling';
import {
  applyOp,
  type Instance,
  type Instances,
} from '../../../infra/local/functions-host/durable/store/state';
import { eventually } from '../../support/eventually';
import { seeded } from '../../support/seeded';
import { start } from './setup';

function instance(id: string): Instance {
  const instances: Instances = new Map();
  applyOp(instances, start(id));
  return instances.get(id) as Instance;
}

test('timers fire in the order in which they are due, none early, and none that was cleared', async () => {
  const [kept, cleared] = [instance('kept'), instance('cleared')];
  const fired: (DurableTimer & { at: number })[] = [];
  const timers = createTimers((timer) => fired.push({ ...timer, at: Date.now() }));
  const random = seeded(1);
  const now = Date.now();
  const all = Array.from({ length: 400 }, (_, timerId): DurableTimer => {
    const due = now + random.between(-20, 120);
    const of = timerId % 4 === 0 ? cleared : kept;
    return { instance: of, timerId, due, fireAt: new Date(due).toISOString() };
  });
  for (const timer of all) timers.arm(timer);
  timers.clear(cleared);
  const left = all.filter((timer) => timer.instance === kept);
  await eventually('all have fired', () => Promise.resolve(fired.length >= left.length));
  // One with the same instant that was armed first fires first.
  expect(fired.map(({ timerId }) => timerId)).toEqual(
    left.toSorted((one, other) => one.due - other.due).map(({ timerId }) => timerId),
  );
  expect(fired.filter(({ at, due }) => at < due)).toEqual([]);
});

test('one that is due sooner than all others does not wait for them', async () => {
  const fired: number[] = [];
  const timers = createTimers(({ timerId }) => fired.push(timerId));
  const of = instance('a');
  const arm = (timerId: number, inMs: number): void =>
    timers.arm({ instance: of, timerId, due: Date.now() + inMs, fireAt: '' });
  arm(1, 3_600_000);
  arm(2, 50);
  arm(3, 7_200_000);
  await eventually('the sooner one has fired', () => Promise.resolve(fired.length > 0));
  expect(fired).toEqual([2]);
  timers.clearAll();
});
