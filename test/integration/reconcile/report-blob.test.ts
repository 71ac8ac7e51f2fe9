import { Agent } from 'node:https';
import { connect, type ConnectionOptions } from 'node:tls';
import { addBlob } from '../../../shared/blobs';
import { reportMarkdown } from '../../../shared/domain/reconcile/report';
import { writtenReport } from '../../../shared/reconcile/report';
import { openBlobContainer, type BlobContainer } from '../../support/blob-container';
import { openTenant, type Tenant } from './tenant';

/* Reports in a container: runs over real tables, and the blobs of Azurite as Azure serves them, by token and TLS. */

let container: BlobContainer;
let tenant: Tenant;
beforeAll(async () => {
  container = await openBlobContainer();
  const trusting = (options: ConnectionOptions) =>
    connect({ ...options, ca: container.certificate });
  jest.spyOn(Agent.prototype, 'createConnection').mockImplementation(trusting as never);
  tenant = await openTenant(2, (sample) => sample);
}, 300_000);
afterAll(async () => {
  jest.restoreAllMocks();
  await tenant.stop();
  await container.close();
});

jest.setTimeout(300_000);

const tokenOf = (token: string) => ({
  getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
});
const reports = (token = container.token) => ({
  url: container.url,
  write: (url: string, content: { text: string; type: string }) =>
    addBlob(url, content, { name: 'report', credential: tokenOf(token) }),
});

type Run = Awaited<ReturnType<Tenant['reconcile']>>;
const placeOf = ({ eventHash }: Run) => writtenReport(tenant.start().services.staging, eventHash);
const saidOf = ({ logged }: Run) =>
  logged.filter((line) => line.includes('"report-not-written"') && line.includes('"status"'));

test('while there is no container the run waits ten minutes; it ends as it would, says so, and its report is kept', async () => {
  const run = await tenant.reconcile({ reports: reports() });
  expect([run.closings, run.reason, run.exitCode]).toEqual([['clean'], 'report-not-written', 0]);
  expect(run.report?.state).toBe('clean');
  expect(await placeOf(run)).toBeUndefined();
  const said = saidOf(run);
  expect(said.length).toBeGreaterThan(3);
  expect(said.every((line) => line.includes('"status":404'))).toBe(true);
});

test('a run writes its report as JSON and as Markdown by a token alone, and remembers where', async () => {
  await container.make();
  const run = await tenant.reconcile({ reports: reports() });
  expect([run.closings, run.reason]).toEqual([['clean'], undefined]);
  if (!run.report) throw new Error('there is no report');
  const name = `reconcile-${run.report.run}`;
  const blobs = await container.blobs();
  expect([...blobs.keys()].sort()).toEqual([`${name}.json`, `${name}.md`]);
  expect(JSON.parse(blobs.get(`${name}.json`) ?? '')).toEqual(run.report);
  expect(blobs.get(`${name}.md`)).toBe(reportMarkdown(run.report, 'a-person'));
  expect(await placeOf(run)).toBe(`${container.url}/${name}`);
});

/** The activity that writes the report. */
const LAST = 'closeReconciliation';

test('a run that dies before and after each of its last writes has written each file of its report once', async () => {
  const before = container.writes().length;
  const run = await tenant.reconcile({ reports: reports(), diesEverywhere: [LAST] });
  const deaths = new Set(run.deaths.filter((death) => / report of /.test(death)));
  expect([...deaths].sort()).toEqual(
    ['after report', 'before report'].map((at) => `${at} of ${LAST}`),
  );
  expect(run.closings).toEqual(['clean']);
  const name = `reconcile-${run.report?.run}`;
  const writes = container.writes().slice(before);
  expect(writes.filter((write) => write.endsWith(' 201')).sort()).toEqual([
    `${name}.json 201`,
    `${name}.md 201`,
  ]);
  expect(writes.filter((write) => write.endsWith(' 409')).length).toBeGreaterThan(0);
  expect(JSON.parse((await container.blobs()).get(`${name}.json`) ?? '')).toEqual(run.report);
});

test('a token that the service refuses writes nothing, and no word of it is logged', async () => {
  const before = (await container.blobs()).size;
  const run = await tenant.reconcile({ reports: reports('CANARY') });
  expect(run.reason).toBe('report-not-written');
  expect(saidOf(run)[0]).toMatch(/"status":403/);
  expect(run.logged.join()).not.toContain('CANARY');
  expect((await container.blobs()).size).toBe(before);
});
