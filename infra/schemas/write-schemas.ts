import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AccessModel } from '../../shared/domain/access-model/access-model';
import { LifecycleEvent } from '../../shared/domain/events/lifecycle-event';
import { ReconcileReport } from '../../shared/domain/reconcile/report';
import { projectRoot } from '../local/stack/service';

/** The published JSON Schemas by file name under docs/, generated from the schemas that the product validates with. */
export const schemas: Record<string, () => object> = {
  'event.schema.json': () => ({
    ...z.toJSONSchema(LifecycleEvent, { io: 'input' }),
    title: 'HR event',
    description:
      'A CloudEvents 1.0 message about a worker, of any type. docs/event-contract.md lists what a JSON Schema cannot express.',
  }),
  'access-model.schema.json': () => ({
    ...z.toJSONSchema(AccessModel, { io: 'input' }),
    title: 'Access model',
    description:
      'Catalogs, access packages, and who gets which package on joining. docs/access-model.md lists what a JSON Schema cannot express.',
  }),
  'reconciliation.schema.json': () => ({
    ...z.toJSONSchema(ReconcileReport),
    title: 'Reconciliation report',
    description: 'What one run of the reconciliation found. docs/reconciliation.md explains it.',
  }),
};

if (require.main === module) {
  for (const [name, schema] of Object.entries(schemas)) {
    writeFileSync(join(projectRoot(), 'docs', name), JSON.stringify(schema(), null, 2));
  }
}
