import { subjectId } from '../../directory/subject-id';
import type { Entity } from '../../odata/entities';
import type { User } from '../../state/rows';

/** A person as the target of an assignment: the id is the subject's own, the user's is `objectId`. */
export const subject: Entity<User> = {
  type: 'accessPackageSubject',
  properties: ({ id, displayName, userPrincipalName }) => ({
    id: subjectId(id),
    objectId: id,
    displayName,
    principalName: userPrincipalName,
    email: null,
    onPremisesSecurityIdentifier: null,
    subjectLifecycle: 'notGoverned',
    subjectType: 'user',
  }),
  navigation: {},
};
