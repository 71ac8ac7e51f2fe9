import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { modelOf, tenantOf } from '../resilience/model';
import { joinerMessage, type TestMessage } from '../support/events';
import { eventually } from '../support/eventually';
import { runCommand } from '../support/run-command';
import { readTable } from '../support/tables';
import { startStack, type TestStack } from '../support/test-stack';

/* The worker id in an attribute that only an advanced query can find. */

const PERSON = '20000000-0000-4000-8000-000000004001';

describe.each([
  ['v1.0', 'onPremisesExtensionAttributes/extensionAttribute1'],
  ['draft', 'onPremisesSamAccountName'],
])('in %s, with %s as the match attribute,', (dialect, attribute) => {
  const sent: TestMessage[] = [];
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack({
      env: {
        ...{ GRAPH_DIALECT: dialect, MATCH_ATTRIBUTE: attribute },
        ...{ GRAPH_DELIVERY_MS: '20', POLL_SCHEDULE: '500ms' },
      },
      files: {
        GRAPH_TENANT: {
          ...tenantOf(2),
          users: [
            { employeeId: 'X-4001', attributes: { [attribute]: 'worker-id-of-a-long-kind' } },
          ],
        },
        ACCESS_MODEL: modelOf(
          [{ key: 'package', catalog: 'catalog' }],
          [{ id: 'rule', department: 'Sales', packages: ['package'] }],
        ),
      },
    });
  }, 60_000);
  afterAll(() => stack.stop());

  const endOf = async (workerId: string) => {
    const message = joinerMessage(workerId, { department: 'Sales' });
    sent.push(message);
    await stack.send([message.body]);
    const filter = `PartitionKey eq '${message.eventHash}' and kind eq 'closing'`;
    return eventually(`the end of ${workerId}`, async () => {
      const [row] = await readTable(stack.storage, 'audit', filter);
      return row;
    });
  };

  test('the person is found and gets the access', async () => {
    const closing = await endOf('worker-id-of-a-long-kind');
    expect(closing).toMatchObject({ outcome: 'delivered', targetId: PERSON });
  }, 60_000);

  test('another spelling of the value is not the person', async () => {
    const closing = await endOf('Worker-Id-Of-A-Long-Kind');
    expect(closing).toMatchObject({ outcome: 'needs-attention', reason: 'identity-mismatch' });
    const evidence = await collectEvidence(stack);
    expect(violations(evidence, { sent })).toEqual([]);
  }, 60_000);

  test('the app is ready, and doctor finds somebody by the query of a run', async () => {
    const ready = await fetch(`${stack.hostUrl}/api/health/ready`);
    expect(await ready.json()).toMatchObject({ ready: true });
    const { stdout } = await runCommand(['doctor', '--json'], { JOINERY_DATA_DIR: stack.dataDir });
    const { findings } = JSON.parse(stdout) as { findings: { check: string; name?: string }[] };
    const names = findings.filter(({ check }) => check === 'match').map(({ name }) => name);
    // Two of the three people have no value.
    expect(names).toEqual(['match-attribute-rare']);
  }, 60_000);
});
