import { directory } from '../../directory/model';
import { services } from '../../directory/service-model';
import type { EntityModel } from '../../odata/model';
import { entities } from './entities';
import { enums } from './enums';
import { settings } from './settings';

/**
 * Microsoft Graph v1.0, the types of entitlement management and what they need of the directory. Types that a member
 * names and the model leaves out (questions, custom extensions, ...) are declared, but not simulated.
 * Source: the v1.0 CSDL of https://github.com/microsoftgraph/msgraph-metadata (August 2026).
 */
export const model: EntityModel = {
  enums,
  types: {
    ...entities,
    ...settings,
    ...directory,
    ...services,
    /** What creates a request: its reference page writes three ids into the assignment that the metadata lacks. */
    newAssignmentRequest: {
      base: 'accessPackageAssignmentRequest',
      properties: {},
      navigation: { assignment: 'newAssignment' },
    },
    newAssignment: {
      base: 'accessPackageAssignment',
      properties: { accessPackageId: 'Guid', assignmentPolicyId: 'Guid', targetId: 'Guid' },
    },
    /** The body of every `$ref` route. */
    reference: { properties: { '@odata.id': 'String!' } },
  },
};
