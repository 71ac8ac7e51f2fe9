import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moveClock } from '../../../../infra/local/clock/clock';
import { startWallTimer } from '../../../../infra/local/clock/wall-timer';

const DAY = 86_400_000;

/** `Date` is replaced for a whole process, so these run in one of their own. */
function inMovedProcess(offsetMs: number, script: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'joinery-clock-'));
  try {
    mkdirSync(join(folder, 'clock'));
    writeFileSync(join(folder, 'clock', 'graph.json'), JSON.stringify({ offsetMs }));
    const preload = join(__dirname, '../../../../dist/infra/local/clock/preload.js');
    const out = execFileSync(process.execPath, ['--require', preload, '-e', script], {
      env: { PATH: process.env['PATH'], JOINERY_DATA_DIR: folder, JOINERY_SERVICE: 'graph' },
      encoding: 'utf8',
    });
    return JSON.parse(out) as unknown;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('Date follows the clock in every form, and stays Date for everyone who asks', () => {
  const before = Date.now();
  const found = inMovedProcess(
    20 * DAY,
    `const fs = require('node:fs');
     class Later extends Date {}
     console.log(JSON.stringify({
       now: Date.now(), made: new Date().getTime(), text: Date.parse(Date()), later: new Later().getTime(),
       exact: new Date(2026, 1, 3).getTime() === new Date('2026-02-03T00:00:00').getTime(),
       native: fs.statSync(__filename.length ? '/' : '/').mtime instanceof Date,
       kinds: [new Date() instanceof Date, new Later() instanceof Later, new Later() instanceof Date, new Date().constructor === Date],
       statics: [Date.UTC(1970, 0, 2), Date.parse('1970-01-02T00:00:00Z'), Date.length, Date.name],
       clone: structuredClone(new Date(5)) instanceof Date, tag: Object.prototype.toString.call(new Date()),
     }));`,
  ) as Record<string, unknown>;
  for (const name of ['now', 'made', 'later']) {
    expect(Number(found[name])).toBeGreaterThanOrEqual(before + 20 * DAY);
    expect(Number(found[name])).toBeLessThan(before + 20 * DAY + 60_000);
  }
  expect(Number(found['text'])).toBeGreaterThanOrEqual(before + 20 * DAY - 1000);
  expect(found).toMatchObject({
    exact: true,
    native: true,
    kinds: [true, true, true, true],
    statics: [DAY, DAY, 7, 'Date'],
    clone: true,
    tag: '[object Date]',
  });
});

test('timers and the monotonic clock of a process are not moved', () => {
  const found = inMovedProcess(
    -400 * DAY,
    `const began = performance.now(); const wall = Date.now();
     setTimeout(() => console.log(JSON.stringify({ took: performance.now() - began, wall: Date.now() - wall })), 30);`,
  ) as { took: number; wall: number };
  expect(found.took).toBeGreaterThanOrEqual(29);
  expect(found.took).toBeLessThan(10_000);
  expect(Math.abs(found.wall - found.took)).toBeLessThan(50);
});

describe('a wall timer', () => {
  afterEach(() => moveClock(0));

  // This process has the real Date, so only what the timer is told of a move is tested here.
  test('fires when its instant has come, not before this function has returned', async () => {
    let isFired = false;
    const fired = new Promise<void>((resolve) =>
      startWallTimer(Date.now() - 1000, () => {
        isFired = true;
        resolve();
      }),
    );
    expect(isFired).toBe(false);
    await fired;
  });

  test('is checked at a move of the clock, and fires then', () => {
    const now = jest.spyOn(Date, 'now');
    let fired = 0;
    startWallTimer(Date.now() + 60 * DAY, () => (fired += 1));
    moveClock(1);
    expect(fired).toBe(0);
    now.mockReturnValue(Date.now() + 60 * DAY);
    moveClock(2);
    moveClock(3);
    expect(fired).toBe(1);
    now.mockRestore();
  });

  test('that was cancelled never fires', () => {
    const now = jest.spyOn(Date, 'now');
    let fired = 0;
    const cancel = startWallTimer(Date.now() + DAY, () => (fired += 1));
    cancel();
    now.mockReturnValue(Date.now() + 2 * DAY);
    moveClock(4);
    expect(fired).toBe(0);
    now.mockRestore();
  });
});
