/** For a suite: what each of its tests has printed to standard output so far. Nothing of it is shown. */
export function capturePrinted(): () => string {
  let printed = '';
  beforeEach(() => {
    printed = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  return () => printed;
}
