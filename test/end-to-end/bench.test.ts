import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../infra/local/stack/service';

test('the bench delivers joiners under the limit of the tenant, and prints what they cost', async () => {
  const program = join(projectRoot(), 'dist', 'infra', 'local', 'bench', 'main.js');
  const args = ['--joiners', '10', '--packages', '2', '--tenant-limit', 'on', '--delivery', '1-2'];
  args.push('--behind', '--warm-ups', '10');
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args, '--json']);
  const report = JSON.parse(stdout) as {
    outcomes: object;
    graphCalls: { call: string; count: number }[];
    limits: { kind: string; used: number }[];
    activitiesOfOne: number;
    behind: object[];
  };
  expect(report.outcomes).toEqual({ delivered: 10 });
  expect(report.behind).toMatchObject([{ outcome: 'delivered' }, { outcome: 'revoked' }]);
  const submitted = report.graphCalls.find(({ call }) => call.startsWith('POST'));
  expect(submitted).toMatchObject({ count: 24, throttled: 0 });
  expect(report.limits).toContainEqual(expect.objectContaining({ kind: 'writes', used: 24 }));
  expect(report.activitiesOfOne).toBeGreaterThan(5);
}, 400_000);
