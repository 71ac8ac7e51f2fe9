import { checkMatch } from '../../../cli/doctor/checks/directory';
import { checkDialect } from '../../../cli/doctor/checks/graph';
import { nodeFindings } from '../../../cli/doctor/checks/host';
import { queueFindings } from '../../../cli/doctor/checks/queue';
import { createDoctorContext, type DoctorContext } from '../../../cli/doctor/context';
import { graphOptions } from '../../../cli/graph';
import { readConfig } from '../../../shared/config/config';
import { GraphError } from '../../../shared/graph/errors';

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

  test('has no finding as deployed', () => {
    expect(queueFindings(good, 240)).toEqual([]);
  });

  test.each([
    [{ status: 'SendDisabled' } as const, 'queue-disabled'],
    [{ requiresDuplicateDetection: true }, 'queue-drops-duplicates'],
    [{ requiresSession: true }, 'queue-has-sessions'],
    [{ maxDeliveryCount: 7 }, 'queue-gives-up-soon'],
    [{ deadLetteringOnMessageExpiration: false }, 'queue-forgets'],
  ])('with %j has that one finding', (changes, name) => {
    expect(namesOf(queueFindings({ ...good, ...changes }, 240))).toEqual([name]);
  });

  test('dead-letters too early if intake holds a message only briefly', () => {
    expect(namesOf(queueFindings(good, 10))).toEqual(['queue-gives-up-soon']);
  });
});

test('a Node older than package.json requires is a fault', () => {
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
])('the draft dialect is a fault against Microsoft Graph: %j', async (changes, name) => {
  const settings = {
    PROVISIONING_QUEUE: 'q',
    EVENT_SOURCES: 'urn:x',
    RECORDS_STORAGE: 'https://a.table.core.windows.net',
    AUDIT_STORAGE: 'https://b.table.core.windows.net',
    ...changes,
  };
  const config = readConfig(settings);
  const graph = graphOptions(config, [], {});
  const context = createDoctorContext({ settings, local: false }, config, graph);
  expect(namesOf(await checkDialect(context))).toEqual([name]);
});

describe('the query of a run for somebody who has the match attribute', () => {
  const person = { id: 'p-1', accountEnabled: true };
  const refused = new GraphError('findUsers', {
    ...{ status: 400, code: 'Request_UnsupportedQuery', ambiguous: false },
  });

  const check = (findUsers: () => Promise<unknown>) =>
    checkMatch({
      config: { matchAttribute: 'employeeId' },
      tenant: { people: () => Promise.resolve([{ id: 'p-1', employeeId: 'W-1001' }]) },
      entitlements: { findUsers },
    } as unknown as DoctorContext);

  test.each<[string, () => Promise<unknown>, string | undefined]>([
    ['finds them', () => Promise.resolve([{ ...person, value: 'W-1001' }]), undefined],
    ['finds nobody', () => Promise.resolve([]), 'match-attribute-not-found'],
    [
      'finds another spelling',
      () => Promise.resolve([{ ...person, value: 'w-1001' }]),
      'match-attribute-not-found',
    ],
    ['is refused by Graph', () => Promise.reject(refused), 'match-attribute-refused'],
  ])('%s', async (_, findUsers, name) => {
    expect(namesOf(await check(findUsers))).toEqual([name]);
  });
});
