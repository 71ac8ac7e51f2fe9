import type { Dialect } from '../dialects/dialect';
import type { Call } from '../http/routes';
import { instant, toOne, type Entity } from '../odata/present';
import type { Assignment, AssignmentRequest, User } from '../state/rows';
import { catalogEntitiesIn, type CatalogEntities } from './catalog-entities';
import { entityIn } from './entity';

/** What the handlers of one version need: its dialect, and the entities in it. */
export type Version = {
  dialect: Dialect;
  entities: CatalogEntities & ReturnType<typeof requestEntitiesIn>;
};

export function versionOf(dialect: Dialect): Version {
  const catalogEntities = catalogEntitiesIn(dialect);
  const requestEntities = requestEntitiesIn(dialect, catalogEntities);
  return { dialect, entities: { ...catalogEntities, ...requestEntities } };
}

/** Assignment requests and assignments in one dialect. */
function requestEntitiesIn(dialect: Dialect, { accessPackage, policy }: CatalogEntities) {
  const { spell } = dialect;

  /** A user as the target of an assignment: `id` is the subject's own, `objectId` is the user's. */
  const subject: Entity<User> = entityIn<User>(dialect, 'accessPackageSubject', {
    id: ({ id }) => subjectId(id),
    objectId: ({ id }) => id,
    displayName: (row) => row.displayName,
    principalName: (row) => row.userPrincipalName,
    email: () => null,
    onPremisesSecurityIdentifier: () => null,
    subjectLifecycle: () => 'notGoverned',
    subjectType: () => spell('user'),
    altSecId: () => null,
    cleanupScheduledDateTime: () => null,
    connectedOrganizationId: () => null,
  });

  const ofPackage = toOne(
    () => accessPackage,
    ({ packageId }: { packageId?: string | undefined }, { tenant, view }: Call) =>
      tenant.tables.accessPackages.get(packageId ?? '', view),
  );
  const target = toOne(
    () => subject,
    ({ targetId }: { targetId?: string | undefined }, { tenant }: Call) =>
      tenant.tables.users.get(targetId ?? ''),
  );

  const request: Entity<AssignmentRequest> = entityIn<AssignmentRequest>(
    dialect,
    'accessPackageAssignmentRequest',
    {
      id: (row) => row.id,
      requestType: ({ requestType }) => spell(requestType),
      state: ({ state }) => spell(state),
      status: (row) => row.status,
      isValidationOnly: () => false,
      createdDateTime: ({ createdAt }) => instant(createdAt),
      completedDateTime: ({ completedAt }) => instant(completedAt),
      expirationDateTime: () => null,
      justification: (row) => row.justification,
      answers: () => [],
      customExtensionCalloutInstances: () => [],
      customExtensionHandlerInstances: () => [],
      history: () => [],
      verifiedCredentialsData: () => [],
      schedule: ({ schedule }) => schedule ?? null,
    },
    {
      accessPackage: ofPackage,
      // The requestor of a direct assignment is the assignee.
      requestor: target,
      assignment: toOne(
        () => assignmentOfRequest,
        ({ assignmentId }, { tenant, view }) =>
          tenant.tables.assignments.get(assignmentId ?? '', view),
      ),
    },
  );

  const assignment: Entity<Assignment> = entityIn<Assignment>(
    dialect,
    'accessPackageAssignment',
    {
      id: (row) => row.id,
      catalogId: ({ packageId }, { tenant }) =>
        tenant.tables.accessPackages.get(packageId)?.catalogId ?? null,
      accessPackageId: (row) => row.packageId,
      assignmentPolicyId: (row) => row.policyId,
      targetId: (row) => subjectId(row.targetId),
      state: ({ state }) => spell(state),
      status: (row) => row.status,
      isExtended: ({ isExtended }) => isExtended ?? false,
      expiredDateTime: ({ expiredAt }) => instant(expiredAt),
      customExtensionCalloutInstances: () => [],
      schedule: ({ schedule }) => ({ ...schedule, recurrence: null }),
    },
    {
      accessPackage: ofPackage,
      target,
      assignmentPolicy: toOne(
        () => policy,
        ({ policyId }, { tenant, view }) => tenant.tables.policies.get(policyId, view),
      ),
    },
  );

  /** https://github.com/microsoftgraph/microsoft-graph-docs/issues/13727: behind a request an assignment shows no end. */
  const assignmentOfRequest: Entity<Assignment> = {
    ...assignment,
    properties: (row, call) => ({
      ...assignment.properties(row, call),
      schedule: { startDateTime: null, recurrence: null, expiration: null },
    }),
  };

  return { request, assignment };
}

/** The id of a user as the target of an assignment, which is not the id of the user. */
const subjectId = (objectId: string): string => objectId.replace(/^./, 'f');
