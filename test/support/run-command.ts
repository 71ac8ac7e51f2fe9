import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../infra/local/stack/service';

export type Ended = { code: number | null; stdout: string; stderr: string };

/** Runs the built command as a person does. Its environment has only `settings` and the PATH. */
export function runCommand(
  args: string[],
  settings: Record<string, string>,
  input: string | Uint8Array = '',
): Promise<Ended> {
  const program = join(projectRoot(), 'dist', 'cli', 'main.js');
  const env = { PATH: process.env['PATH'] ?? '', ...settings };
  const child = spawn(process.execPath, [program, ...args], { env });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...ended, code }));
  });
}
