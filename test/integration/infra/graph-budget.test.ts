import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/service';
import { textOf } from './compiled';

/**
 * What the bound rests on; docs/operations.md, Scale, says the same. Entitlement management publishes no limit of its own:
 * this is the one for writes to the directory, for one app in one tenant.
 * https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
 */
const WRITES_PER_SECOND = 3_000 / 150;
/** Assumed, to be held against the durations in Application Insights: what one activity takes, its calls included. */
const ACTIVITY_SECONDS = 0.4;

/** The newest history of a joiner whose package exists and who is served at once; of its activities one writes to Graph. */
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
  // The maximum counts what is started on demand; those that are always ready come on top.
  const instances = value('maximumInstanceCount') + value('alwaysReady');
  return { instances, each: value('activitiesPerInstance') };
};

test.each(['dev', 'prod'])(
  'all instances of %s together stay below the writes that Graph takes',
  (name) => {
    const { instances, each } = stage(name);
    const writesPerSlot = 1 / activities.length / ACTIVITY_SECONDS;
    const writes = instances * each * writesPerSlot;
    expect(writes).toBeGreaterThan(0);
    expect(writes).toBeLessThan(WRITES_PER_SECOND);
  },
);
