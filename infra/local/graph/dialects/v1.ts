import { directoryModel } from '../directory/model';
import type { EntityModel } from '../odata/model';
import { withPolicyDefaults } from '../services/policies';
import type { Dialect } from './dialect';
import { sharedEnums, sharedTypes } from './shared-types';
import { v1Entities } from './v1-entities';
import { v1Enums, v1Settings } from './v1-settings';

/**
 * Microsoft Graph v1.0: the types of entitlement management and what they need of the directory. Types that a member
 * names and the model lacks (questions, custom extensions, ...) are published, but not simulated.
 * Source: the v1.0 CSDL of https://github.com/microsoftgraph/msgraph-metadata (August 2026).
 */
const model: EntityModel = {
  enums: { ...sharedEnums, ...v1Enums },
  types: {
    ...sharedTypes,
    ...v1Entities,
    ...v1Settings,
    ...directoryModel.types,
    /** A new request: its reference page has three ids in the assignment that the metadata lacks. */
    newAssignmentRequest: {
      base: 'accessPackageAssignmentRequest',
      properties: {},
      navigation: { assignment: 'newAssignment' },
    },
    newAssignment: {
      base: 'accessPackageAssignment',
      properties: { accessPackageId: 'Guid', assignmentPolicyId: 'Guid', targetId: 'Guid' },
    },
  },
};

export const v1: Dialect = {
  version: 'v1.0',
  model,
  names: {},
  properties: { accessPackageResource: { attributes: null } },
  ids: {},
  spell: (word) => word,
  unspell: (word) => word,
  newRequest: 'newAssignmentRequest',
  requestsNotSimulated: [],
  policy: { read: withPolicyDefaults, values: {} },
};
