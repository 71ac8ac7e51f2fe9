import { z } from 'zod';
import { AccessModel } from '../../shared/domain/access-model/access-model';
import { JoinedMessage } from '../../shared/domain/events/event';

/** The published JSON Schemas by file name under docs/, made from what the product itself checks with. */
export const schemas: Record<string, () => object> = {
  'event.schema.json': () => ({
    ...z.toJSONSchema(JoinedMessage, { io: 'input' }),
    title: 'Joiner event',
    description:
      'A CloudEvents 1.0 message that tells of a worker who joins. docs/event-contract.md says what a JSON Schema cannot.',
  }),
  'access-model.schema.json': () => ({
    ...z.toJSONSchema(AccessModel, { io: 'input' }),
    title: 'Access model',
    description:
      'Catalogs, access packages and who gets what on joining. docs/access-model.md says what a JSON Schema cannot.',
  }),
};
