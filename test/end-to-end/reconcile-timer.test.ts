import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ReconcileReport, reportHash } from '../../shared/domain/reconcile/report';
import { modelOf, tenantOf, workerId } from '../resilience/model';
import { reconciliationOf } from '../resilience/reconciliation';
import { openBlobContainer, type BlobContainer } from '../support/blob-container';
import { eventually } from '../support/eventually';
import { joinerMessage } from '../support/events';
import { runCommand } from '../support/run-command';
import { startStack, type TestStack } from '../support/test-stack';

jest.setTimeout(180_000);

/** The endpoint that App Service gives an app for its identity. */
const identity = createServer((request, response) => {
  const isOwn = request.headers['x-identity-header'] === 'right';
  response.writeHead(isOwn ? 200 : 401, { 'Content-Type': 'application/json' });
  const answer = { access_token: container.token, expires_on: '4000000000', token_type: 'Bearer' };
  response.end(JSON.stringify(isOwn ? { ...answer, resource: 'https://storage.azure.com' } : {}));
});

let container: BlobContainer;
let stack: TestStack;
beforeAll(async () => {
  container = await openBlobContainer();
  await container.make();
  identity.listen(0, '127.0.0.1');
  await once(identity, 'listening');
  const { port } = identity.address() as AddressInfo;
  stack = await startStack({
    now: new Date('2027-01-04T12:00:00Z'),
    env: {
      ...{ GRAPH_DELIVERY_MS: '10', POLL_SCHEDULE: '200ms', GRAPH_LAG: '20ms', GRAPH_LAG_MS: '0' },
      ...{ RECONCILE_SCHEDULE: '0 0 3 * * *', RECONCILE_REPORTS: container.url },
      ...{ IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: 'right' },
      NODE_EXTRA_CA_CERTS: container.certificateFile,
    },
    files: {
      GRAPH_TENANT: tenantOf(3),
      ACCESS_MODEL: modelOf(
        [{ key: 'sales', catalog: 'catalog' }],
        [{ id: 'sales-rule', department: 'Sales', packages: ['sales'] }],
      ),
    },
  });
}, 120_000);
afterAll(async () => {
  await stack.stop();
  identity.close();
  await container.close();
});

test('the run of the timer writes its report into the container with the identity of the app, and the command says where it is', async () => {
  const on = reconciliationOf(stack);
  await stack.send([joinerMessage(workerId(0), { department: 'Sales' }).body]);
  await eventually('the joiner has access', async () =>
    (await on.claims()).some(({ outcome }) => outcome === 'delivered'),
  );
  await stack.advance('24h');
  const names = await eventually(
    'the report is in the container',
    async () => {
      const found = [...(await container.blobs()).keys()].sort();
      return found.length === 2 ? found : undefined;
    },
    { details: () => stack.log.slice(-20).join('\n') },
  );
  const blobs = await container.blobs();
  const report = ReconcileReport.parse(JSON.parse(blobs.get(names[0] ?? '') ?? ''));
  expect(names).toEqual([`reconcile-${report.run}.json`, `reconcile-${report.run}.md`]);
  expect([report.state, report.hash]).toEqual(['clean', reportHash(report)]);
  expect(blobs.get(names[1] ?? '')).toContain('started by timer');

  const last = await eventually('the run has ended', async () => {
    const shown = await runCommand(['reconcile', '--last', '--json', '--reports', stack.dataDir], {
      JOINERY_DATA_DIR: stack.dataDir,
    });
    return shown.code === 0 ? shown : undefined;
  });
  expect(JSON.parse(last.stdout)).toEqual(report);
  const place = `${container.url}/reconcile-${report.run}`;
  expect(last.stderr).toContain(`report: ${place}.json and ${place}.md`);
});
