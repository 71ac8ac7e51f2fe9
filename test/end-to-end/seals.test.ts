import type { EventProof } from '../../shared/evidence/prove';
import type { Verification } from '../../shared/evidence/verify';
import { collectEvidence } from '../resilience/invariants/evidence';
import { violations } from '../resilience/invariants/violations';
import { joinerEvent, messageOf } from '../support/events';
import { eventually } from '../support/eventually';
import { runCommand } from '../support/run-command';
import { startStack, type TestStack } from '../support/test-stack';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({
    now: new Date('2026-11-20T09:50:00Z'),
    env: { SEAL_SCHEDULE: '0 5 * * * *' },
  });
});
afterAll(() => stack.stop());

async function joinery<Output>(...args: string[]): Promise<Output & { code: number | null }> {
  const { stdout, code } = await runCommand(['audit', ...args, '--json'], {
    JOINERY_DATA_DIR: stack.dataDir,
  });
  return { ...(JSON.parse(stdout) as Output), code };
}

test('the timer seals what the app wrote with a right to create blobs alone, and the command verifies and proves it', async () => {
  const sent = messageOf(joinerEvent('W-1001', { id: 'sealed-1' }));
  await stack.send([sent.body]);
  await eventually('the event is closed', () =>
    stack.log.some((line) => line.includes('"what":"closed"') && line.includes(sent.eventHash)),
  );
  await stack.advance('3h');
  const verified = await eventually('the hour is sealed', async () => {
    const found = await joinery<Verification>('verify');
    return found.seals > 0 && found;
  });
  expect(verified).toMatchObject({ code: 0, events: 1, faults: [], notes: [] });
  const { proofs, code } = await joinery<EventProof & { code: number }>('prove', 'sealed-1');
  expect({ code, hours: proofs.map(({ hour }) => hour) }).toEqual({
    ...{ code: 0, hours: [verified.from] },
  });
  expect(violations(await collectEvidence(stack), { sent: [sent] })).toEqual([]);
});
