import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/service';
import { textOf } from './compiled';

/**
 * The limit for writes to the directory, per app and tenant: entitlement management publishes no limit of its own.
 * docs/operations.md, Scale, quotes it.
 * https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
 */
const WRITES_PER_SECOND = 3_000 / 150;
/** Assumed duration of an activity, including its calls. Compare it with the durations in Application Insights. */
const ACTIVITY_SECONDS = 0.4;

/** The newest history of a joiner whose package exists. One of its activities writes to Graph. */
const histories = readdirSync(join(projectRoot(), 'test/histories'), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('delivered-at-once.json'))
  .sort();
const history = textOf(join('test/histories', histories.at(-1) ?? ''));
const activities = [...history.matchAll(/"EventType":4,/g)];

const stage = (name: string) => {
  const [text = ''] = new RegExp(`var ${name} Stage = \\{.*?\\n\\}`, 's').exec(
    textOf('infra/azure/stages.bicep'),
  ) ?? [''];
  const value = (member: string) => Number(new RegExp(`${member}: (\\d+)`).exec(text)?.[1]);
  // The maximum counts only instances that are started on demand; instances that are always ready come on top.
  const instances = value('maximumInstanceCount') + value('alwaysReady');
  return { instances, each: value('activitiesPerInstance') };
};

test.each(['dev', 'prod'])(
  'all instances of %s together stay below the write limit of Graph',
  (name) => {
    const { instances, each } = stage(name);
    const writesPerSlot = 1 / activities.length / ACTIVITY_SECONDS;
    const writes = instances * each * writesPerSlot;
    expect(writes).toBeGreaterThan(0);
    expect(writes).toBeLessThan(WRITES_PER_SECOND);
  },
);
