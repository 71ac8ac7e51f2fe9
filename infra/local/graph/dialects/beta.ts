import { directoryModel } from '../directory/model';
import { invalidModel } from '../errors';
import type { EntityModel } from '../odata/model';
import { betaEntities } from './beta-entities';
import { betaPolicyValues, readBetaPolicy } from './beta-policies';
import { betaEnums, betaSettings } from './beta-settings';
import type { Dialect } from './dialect';
import { sharedEnums, sharedTypes } from './shared-types';

/**
 * Microsoft Graph beta: the types of entitlement management and what they need of the directory. Types that a member
 * names and the model lacks (questions, reviews, verified credentials, ...) are published, but not simulated.
 * Source: the beta types of https://www.npmjs.com/package/@microsoft/microsoft-graph-types-beta (0.44.0-preview).
 */
const model: EntityModel = {
  enums: { ...sharedEnums, ...betaEnums },
  types: {
    ...sharedTypes,
    ...betaEntities,
    ...betaSettings,
    ...directoryModel.types,
  },
};

/** How requests for assignments and for resources name their state. */
const requestState = { state: 'requestState', status: 'requestStatus' };

export const beta: Dialect = {
  version: 'beta',
  model,
  names: {
    assignment: 'accessPackageAssignment',
    assignmentPolicies: 'accessPackageAssignmentPolicies',
    assignmentPolicy: 'accessPackageAssignmentPolicy',
    assignmentRequests: 'accessPackageAssignmentRequests',
    assignments: 'accessPackageAssignments',
    catalog: 'accessPackageCatalog',
    catalogs: 'accessPackageCatalogs',
    resource: 'accessPackageResource',
    resourceRequests: 'accessPackageResourceRequests',
    resourceRoles: 'accessPackageResourceRoles',
    resourceRoleScopes: 'accessPackageResourceRoleScopes',
    resources: 'accessPackageResources',
    role: 'accessPackageResourceRole',
    roles: 'accessPackageResourceRoles',
    scope: 'accessPackageResourceScope',
    scopes: 'accessPackageResourceScopes',
  },
  properties: {
    accessPackageAssignment: { state: 'assignmentState', status: 'assignmentStatus' },
    accessPackageAssignmentPolicy: { notificationSettings: 'accessPackageNotificationSettings' },
    accessPackageAssignmentRequest: { completedDateTime: 'completedDate', ...requestState },
    accessPackageCatalog: { state: 'catalogStatus' },
    accessPackageResource: { createdDateTime: 'addedOn' },
    accessPackageResourceRequest: requestState,
    accessPackageSubject: { subjectType: 'type' },
  },
  ids: {
    accessPackage: 'accessPackageId',
    assignmentPolicy: 'assignmentPolicyId',
    catalog: 'catalogId',
  },
  spell: pascal,
  unspell: camel,
  newRequest: 'accessPackageAssignmentRequest',
  // Its page shows an update of answers, in two spellings, and none of a schedule.
  requestsNotSimulated: ['adminUpdate'],
  policy: { read: readBetaPolicy, values: betaPolicyValues },
};

/** The states and kinds of beta are those of v1.0 with a capital: `pendingApproval`, `PendingApproval`. */
export function pascal(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/**
 * Beta declares states and kinds as plain text. How it reads a word in another case is not published, so the stricter
 * reading is simulated.
 */
function camel(word: string, member: string): string {
  if (!/^[A-Z]/.test(word)) throw invalidModel(`'${word}' is not a value of '${member}'.`);
  return word.charAt(0).toLowerCase() + word.slice(1);
}
