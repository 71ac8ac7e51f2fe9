import { abandonWaits, eventually } from '../../support/eventually';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a wait that a suite leaves behind never settles, whatever its last check meets', async () => {
  let fail = (): void => undefined;
  const check = () =>
    new Promise<never>((_, reject) => (fail = () => reject(new Error('refused'))));
  let isSettled = false;
  const settle = (): void => void (isSettled = true);
  void eventually('nothing', check).then(settle, settle);
  abandonWaits();
  fail();
  await turn();
  expect(isSettled).toBe(false);
});

test('a wait of a suite that still runs throws what its check throws', async () => {
  abandonWaits();
  const refused = () => Promise.reject(new Error('refused'));
  await expect(eventually('nothing', refused)).rejects.toThrow('refused');
});
