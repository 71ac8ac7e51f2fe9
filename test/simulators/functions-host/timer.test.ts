import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSchedule } from '../../../infra/local/functions-host/triggers/timer';
import { eventually } from '../../support/eventually';
import { newDataDir, notes, startHostProcess } from './setup';

type Noted = { timer: { isPastDue: boolean; scheduleStatus?: { last: string; next: string } } };

describe('a timer function', () => {
  let dataDir: string;
  beforeEach(async () => (dataDir = await newDataDir()));
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('runs on its schedule again and again', async () => {
    const host = await startHostProcess(dataDir, { TICK: '* * * * * *' });
    await eventually('two runs', () => notes(dataDir).length >= 2);
    const [first] = notes(dataDir) as Noted[];
    expect(first?.timer).toMatchObject({ isPastDue: false });
    expect(first?.timer.scheduleStatus).toBeUndefined();
    await host.stop();
  });

  it('runs once at the start when it came due while the host was down', async () => {
    await mkdir(join(dataDir, 'host'));
    const missed = { Last: '2026-01-01T00:00:00.000Z', Next: '2026-02-01T00:00:00.000Z' };
    const status = { tick: { ...missed, LastUpdated: missed.Last } };
    await writeFile(join(dataDir, 'host/timers.json'), JSON.stringify(status));
    const first = await startHostProcess(dataDir, { TICK: '0 0 0 1 * *' });
    await eventually('the run', () => notes(dataDir).length > 0);
    await first.stop();
    expect(notes(dataDir)).toMatchObject([
      { timer: { isPastDue: true, scheduleStatus: { last: missed.Last } } },
    ]);

    const second = await startHostProcess(dataDir, { TICK: '0 0 0 1 * *' });
    await second.stop();
    expect(notes(dataDir)).toHaveLength(1);
  });
});

describe('a schedule', () => {
  it.each([
    ['0 */5 * * * *', '2026-03-01T10:02:03Z', '2026-03-01T10:05:00Z'],
    ['*/15 * * * *', '2026-03-01T10:46:00Z', '2026-03-01T11:00:00Z'],
    ['0 30 9 * * 1-5', '2026-02-28T10:00:00Z', '2026-03-02T09:30:00Z'],
    ['0 30 9 * * MON,Wed', '2026-03-02T09:30:00Z', '2026-03-04T09:30:00Z'],
    ['0 0 0 * * 7', '2026-03-02T00:00:00Z', '2026-03-08T00:00:00Z'],
    ['0 0 0 29 2 *', '2026-03-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['5-10/5 0 0 1 JAN *', '2026-03-01T00:00:00Z', '2027-01-01T00:00:05Z'],
    ['00:10:00', '2026-03-01T00:00:00Z', '2026-03-01T00:10:00Z'],
  ])('%s after %s is due at %s', (expression, after, due) => {
    expect(parseSchedule(expression)(new Date(after))).toEqual(new Date(due));
  });

  it.each(['', '* * *', '60 * * * * *', '0 0 0 * FOO *', '*/0 * * * * *', '0 0 0 30 2 *'])(
    '"%s" is refused',
    (expression) => {
      expect(() => parseSchedule(expression)(new Date())).toThrow();
    },
  );
});
