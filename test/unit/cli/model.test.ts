import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkModel, loadModel, rulesOf } from '../../../cli/model';
import { CliError } from '../../../cli/print';
import { aModel, aPackage } from '../access-model/make-model';
import { capturePrinted } from '../../support/printed';

let folder: string;
const printed = capturePrinted();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'joinery-model-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function modelFile(members: object = {}): Promise<string> {
  const path = join(folder, 'model.json');
  await writeFile(path, JSON.stringify(aModel(members)));
  return path;
}
const faulty = { accessPackages: [aPackage('finance', { catalog: 'CANARY', hidden: 'maybe' })] };

const failureOf = (loading: Promise<unknown>): Promise<CliError> =>
  loading.then(
    () => Promise.reject(new Error('nothing failed')),
    (error: unknown) => {
      if (error instanceof CliError) return error;
      throw error;
    },
  );

describe('a model that a command needs', () => {
  test('and that cannot be read is a failure in one line, which says whether there is a file', async () => {
    const absent = join(folder, 'absent.json');
    const failures = await Promise.all([absent, folder].map((one) => failureOf(loadModel(one))));
    expect(failures.map(({ message }) => message)).toEqual([
      `there is no access model at ${absent}`,
      expect.stringMatching(/^the access model cannot be read: EISDIR[^\n]*$/),
    ]);
  });

  test('and that has faults is a failure with all of them', async () => {
    const { code, message } = await failureOf(loadModel(await modelFile(faulty)));
    expect(code).toBe(1);
    const [heading, ...faults] = message.split('\n');
    expect(heading).toMatch(/^the access model .*model\.json has faults:$/);
    expect(faults.join('\n')).toMatch(/hidden/);
  });
});

describe('the rules of the app, for a command that works without them', () => {
  test('are those of its model', async () => {
    const { model, notes } = await rulesOf({ accessModel: await modelFile() });
    expect(model?.birthrights.map(({ id }) => id)).toEqual(['finance']);
    expect(notes).toEqual([]);
  });

  test.each<[string, () => Promise<string | undefined>, RegExp]>([
    ['are in Azure, at no known place', () => Promise.resolve(undefined), /set ACCESS_MODEL/],
    [
      'cannot be read',
      () => Promise.resolve(join(folder, 'absent')),
      /there is no access model at/,
    ],
    ['have faults', () => modelFile(faulty), /model\.json has faults:$/],
  ])('that %s were not checked, and one line says so', async (_, place, why) => {
    const { model, notes } = await rulesOf({ accessModel: await place() });
    expect(model).toBeUndefined();
    expect(notes).toEqual([expect.stringMatching(/^the rules were not checked: [^\n]*$/)]);
    expect(notes[0]).toMatch(why);
  });
});

describe('model check', () => {
  const stage = { durationBeforeAutomaticDenial: 'P14D', primaryApprovers: [{ managerLevel: 1 }] };
  const policy = {
    ...aPackage('finance').policy,
    approval: { required: true, stages: [stage] },
  };
  const advised = { accessPackages: [aPackage('finance', { policy })] };

  test('counts what a sound model has, and gives its advice a line each', async () => {
    await checkModel(await modelFile(advised), { json: false });
    const [counts, hash, advice, ...more] = printed().trimEnd().split('\n');
    expect(counts).toBe('sound: 1 catalog, 1 access package, 1 birthright');
    expect(hash).toMatch(/^hash [0-9a-f]{64}$/);
    expect(advice).toMatch(/^advice: accessPackages\[0\].*only the manager/);
    expect(more).toEqual([]);
  });

  test('prints the hash that an audit row has, whatever the layout of the file', async () => {
    const path = await modelFile();
    await checkModel(path, { json: true });
    const { hash } = await loadModel(path);
    await writeFile(path, JSON.stringify(aModel(), null, 4));
    expect((await loadModel(path)).hash).toBe(hash);
    expect(JSON.parse(printed())).toEqual({
      ...{ sound: true, hash, catalogs: 1, accessPackages: 1, birthrights: 1, advice: [] },
    });
  });
});
