import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../local/stack/service';
import { schemas } from './schemas';

for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(join(projectRoot(), 'docs', name), JSON.stringify(schema(), null, 2));
}
