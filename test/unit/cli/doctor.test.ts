import { checkDialect } from '../../../cli/doctor/checks/dialect';
import { nodeFindings } from '../../../cli/doctor/checks/node';
import { patientOf } from '../../../cli/doctor/patient';
import { graphOptions } from '../../../cli/graph';
import { queueFindings } from '../../../cli/doctor/queue-properties';
import { readConfig } from '../../../shared/config/config';

const namesOf = (findings: { name?: string }[]) => findings.map(({ name }) => name);

describe('a queue in Azure', () => {
  const good = {
    name: 'provisioning-events',
    status: 'Active',
    requiresDuplicateDetection: false,
    requiresSession: false,
    maxDeliveryCount: 10,
    deadLetteringOnMessageExpiration: true,
  } as const;

  test('as it is deployed has nothing wrong with it', () => {
    expect(queueFindings(good, 240)).toEqual([]);
  });

  test.each([
    [{ status: 'SendDisabled' } as const, 'queue-disabled'],
    [{ requiresDuplicateDetection: true }, 'queue-drops-duplicates'],
    [{ requiresSession: true }, 'queue-has-sessions'],
    [{ maxDeliveryCount: 7 }, 'queue-gives-up-soon'],
    [{ deadLetteringOnMessageExpiration: false }, 'queue-forgets'],
  ])('with %j is told as that alone', (changes, name) => {
    expect(namesOf(queueFindings({ ...good, ...changes }, 240))).toEqual([name]);
  });

  test('gives up too soon if intake hardly holds a message', () => {
    expect(namesOf(queueFindings(good, 10))).toEqual(['queue-gives-up-soon']);
  });
});

test('Node is old below what package.json asks for', () => {
  expect(['20.18.9', '18.20.0'].flatMap((version) => namesOf(nodeFindings(version)))).toEqual([
    'node-too-old',
    'node-too-old',
  ]);
  expect(['20.19.0', '22.0.0'].flatMap((version) => namesOf(nodeFindings(version)))).toEqual([
    undefined,
    undefined,
  ]);
});

test.each([
  [{ GRAPH_DIALECT: 'draft' }, 'draft-against-graph'],
  [{ GRAPH_DIALECT: 'draft', GRAPH_CLOUD: 'usgov' }, 'draft-against-graph'],
  [{ GRAPH_DIALECT: 'draft', GRAPH_URL: 'https://gateway.example.com' }, undefined],
  [{ GRAPH_DIALECT: 'beta' }, undefined],
])('the draft dialect is a fault where Graph itself is asked: %j', async (changes, name) => {
  const settings = {
    PROVISIONING_QUEUE: 'q',
    EVENT_SOURCES: 'urn:x',
    RECORDS_STORAGE: 'https://a.table.core.windows.net',
    AUDIT_STORAGE: 'https://b.table.core.windows.net',
    ...changes,
  };
  const config = readConfig(settings);
  const graph = graphOptions(config, [], { signIn: 'browser' });
  const patient = patientOf({ settings, local: false }, config, graph);
  expect(namesOf(await checkDialect(patient))).toEqual([name]);
});
