import { abandonWaits } from './eventually';

/* Runs in every suite. Jest runs this hook before the suite's own, which stop what the waits ask. */
afterAll(abandonWaits);
