import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTimeSpan, readHostJson } from '../../../infra/local/functions-host/host-json';
import { projectRoot } from '../../../infra/local/stack/service';
import { readConfig } from '../../../shared/config/config';

type BusConfig = {
  UserConfig: {
    Namespaces: { Queues: { Name: string; Properties: { MaxDeliveryCount: number } }[] }[];
  };
};

const storage = 'UseDevelopmentStorage=true';
const { intakeHoldSeconds } = readConfig({
  ...{ PROVISIONING_QUEUE: 'q', EVENT_SOURCES: 'urn:a' },
  ...{ RECORDS_STORAGE: storage, AUDIT_STORAGE: storage },
});
const busConfig = JSON.parse(
  readFileSync(join(projectRoot(), 'infra/local/service-bus/Config.json'), 'utf8'),
) as BusConfig;

test('an outage of half an hour dead-letters nothing: deliveries times hold last longer', () => {
  const queues = busConfig.UserConfig.Namespaces.flatMap(({ Queues }) => Queues);
  const queue = queues.find(({ Name }) => Name === 'provisioning-events');
  const deliveries = queue?.Properties.MaxDeliveryCount ?? 0;
  expect(deliveries * intakeHoldSeconds).toBeGreaterThanOrEqual(30 * 60);
});

test('the lock is renewed, and the function may run, for longer than a message is held', () => {
  const { serviceBus } = readHostJson(projectRoot(), () => undefined);
  const held = intakeHoldSeconds * 1000;
  // The last try may begin just before the hold is over, and then take its time.
  expect(serviceBus.maxAutoLockRenewalDuration).toBeGreaterThanOrEqual(held + 60_000);
  const hostJson = JSON.parse(readFileSync(join(projectRoot(), 'host.json'), 'utf8')) as {
    functionTimeout: string;
  };
  expect(parseTimeSpan(hostJson.functionTimeout)).toBeGreaterThanOrEqual(held + 60_000);
});
