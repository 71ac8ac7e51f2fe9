/** The enumerations that the types of beta name; what is an enumeration in v1.0 is mostly plain text in beta. */
export const enums: Record<string, readonly string[]> = {
  accessPackageSubjectLifecycle: ['notDefined', 'notGoverned', 'governed', 'unknownFutureValue'],
  expirationPatternType: ['notSpecified', 'noExpiration', 'afterDateTime', 'afterDuration'],
};
