import { directory } from '../../directory/model';
import { services } from '../../directory/service-model';
import type { EntityModel } from '../../odata/model';
import { entities } from './entities';
import { enums } from './enums';
import { resources } from './resources';
import { settings } from './settings';

/**
 * Microsoft Graph beta, the types of entitlement management and what they need of the directory. Types that a member
 * names and the model leaves out (questions, reviews, verified credentials, ...) are declared, but not simulated.
 * Source: the beta types of https://www.npmjs.com/package/@microsoft/microsoft-graph-types-beta (0.44.0-preview).
 */
export const model: EntityModel = {
  enums,
  types: {
    ...entities,
    ...resources,
    ...settings,
    ...directory,
    ...services,
    /** The body of every `$ref` route. */
    reference: { properties: { '@odata.id': 'String!' } },
  },
};
