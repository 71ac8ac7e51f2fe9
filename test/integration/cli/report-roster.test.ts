import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../support/run-command';

/* What a roster says has to be understood before anything is compared with it: nothing is read from tables here. */

const folder = mkdtempSync(join(tmpdir(), 'joinery-roster-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a roster with an id that no worker has, or a date in another form, is refused by its lines', async () => {
  const [roster, map] = [join(folder, 'roster.csv'), join(folder, 'map.json')];
  writeFileSync(map, JSON.stringify({ worker: 'workerId', start: 'from', end: 'until' }));
  const rows = ['worker,start,end', 'W-1,2026-11-23,', ',2026-11-23,', '=W|2,2026-11-23,'];
  writeFileSync(roster, [...rows, 'W-3,2020-01-01,31.12.2027'].join('\r\n'));
  const args = ['--from', '2026-11-20', '--roster', roster, '--map', map];
  const { code, stderr } = await runCommand(['report', 'completeness', ...args], {
    ServiceBus: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=k',
    ...{ RECORDS_STORAGE: 'UseDevelopmentStorage=true', EVENT_SOURCES: 'urn:hr:acme:workday' },
    AUDIT_STORAGE: 'UseDevelopmentStorage=true',
  });
  expect({ code, faults: stderr.trim().split(`${roster}: `).slice(1) }).toEqual({
    code: 1,
    faults: [
      expect.stringMatching(/^line 3, "worker": /),
      expect.stringMatching(/^line 4, "worker": required: 1 to 64 of/),
      expect.stringMatching(/^line 5, "end": required: a calendar date yyyy-mm-dd/),
    ],
  });
});
