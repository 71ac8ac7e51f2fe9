import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../stack/part';

const first = 100_001;

/** The worker id of the n-th person of the bench's tenant, from 0. */
export const workerId = (n: number): string => `W-${first + n}`;

/** Writes a tenant of `size` ordinary people, with the groups and applications of the sample tenant. */
export function writeTenant(file: string, size: number): void {
  const sample = JSON.parse(
    readFileSync(join(projectRoot(), 'infra', 'local', 'graph', 'tenant.json'), 'utf8'),
  ) as object;
  const workers = [{ from: workerId(0), to: workerId(size - 1) }];
  const ordinary = { users: [], holdings: [], scripts: [] };
  writeFileSync(file, JSON.stringify({ ...sample, ...ordinary, workers }));
}
