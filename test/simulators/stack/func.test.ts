import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { freePorts } from '../../../infra/local/stack/services';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'joinery-func-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs `npm run start:func` as built, with nothing on the PATH but Node and `folder`. */
function startFunc(): Promise<{ code: number; stdout: string; stderr: string }> {
  const path = [folder, dirname(process.execPath)].join(delimiter);
  const env = {
    ...freePorts,
    PATH: path,
    JOINERY_DATA_DIR: join(folder, 'data'),
    HOST_PORT: '7171',
  };
  const program = resolve('dist', 'infra', 'local', 'func', 'main.js');
  return new Promise((done) => {
    execFile(process.execPath, [program], { env }, (error, stdout, stderr) =>
      done({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** Stands where func would: it tells how it was called and ends. The real one cannot be had here. */
async function putFunc(version: string): Promise<void> {
  const script = `#!${process.execPath}
if (process.argv[2] === '--version') console.log('${version}');
else {
  const { FUNCTIONS_WORKER_RUNTIME, ServiceBus, AzureWebJobsStorage, GRAPH_URL, PROVISIONING_QUEUE } = process.env;
  const settings = { FUNCTIONS_WORKER_RUNTIME, ServiceBus, AzureWebJobsStorage, GRAPH_URL, PROVISIONING_QUEUE };
  console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), settings }));
  process.exitCode = 7;
}`;
  await writeFile(join(folder, 'func'), script);
  await chmod(join(folder, 'func'), 0o755);
}

test('without func it says what is missing, and starts nothing', async () => {
  const { code, stdout, stderr } = await startFunc();
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('func is not installed');
  expect(stderr).toContain('npm start');
});

test('a func of another version is refused', async () => {
  await putFunc('3.0.1');
  expect(await startFunc()).toMatchObject({
    code: 1,
    stderr: 'func is of version 3.0.1, but the app needs 4.x\n',
  });
});

test('func gets the app and the addresses of the three parts that it runs on, and its end is the end', async () => {
  await putFunc('4.0.7317');
  const { code, stdout, stderr } = await startFunc();
  expect(stderr).toBe('func ended with exit code 7\n');
  const told = stdout.split('\n').find((line) => line.startsWith('{"args"')) ?? 'null';
  expect(JSON.parse(told)).toEqual({
    args: ['start', '--port', '7171'],
    cwd: resolve('.'),
    settings: {
      FUNCTIONS_WORKER_RUNTIME: 'node',
      ServiceBus: expect.stringMatching(/^Endpoint=sb:\/\/127\.0\.0\.1:\d+/) as string,
      AzureWebJobsStorage: expect.stringContaining('127.0.0.1') as string,
      GRAPH_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      PROVISIONING_QUEUE: 'provisioning-events',
    },
  });
  expect(code).toBe(1);
});
