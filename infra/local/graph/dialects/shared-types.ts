import type { TypeModel } from '../odata/model';

/** The enumerations that the metadata of v1.0 and of beta declare alike. */
export const sharedEnums: Record<string, readonly string[]> = {
  accessPackageSubjectLifecycle: ['notDefined', 'notGoverned', 'governed', 'unknownFutureValue'],
  expirationPatternType: ['notSpecified', 'noExpiration', 'afterDateTime', 'afterDuration'],
};

/** The types that both versions declare alike, and by the same name. */
export const sharedTypes: Record<string, TypeModel> = {
  expirationPattern: {
    properties: {
      duration: 'Duration',
      endDateTime: 'DateTimeOffset',
      type: 'expirationPatternType',
    },
  },
  /** The body of every `$ref` route. */
  reference: { properties: { '@odata.id': 'String!' } },
};

/** The lifetime of an assignment: `entitlementManagementSchedule` in v1.0, `requestSchedule` in beta. */
export const scheduleType: TypeModel = {
  properties: {
    expiration: 'expirationPattern',
    recurrence: 'patternedRecurrence',
    startDateTime: 'DateTimeOffset',
  },
};

/** What roles and scopes of a resource have in common in both versions. */
const originProperties = {
  id: 'String',
  description: 'String',
  displayName: 'String',
  originId: 'String',
  originSystem: 'String',
};

export const resourceRoleProperties = { ...originProperties, type: 'roleType' };
export const resourceScopeProperties = { ...originProperties, isRootScope: 'Boolean' };
