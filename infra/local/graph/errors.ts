/** A code inside an error, as in `error.details` of Graph. */
export type Detail = { code: string; message: string; target: string | null };

/** An answer that is not a success. The simulator throws it wherever the real service refuses. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly Detail[];
  readonly retryAfter: string | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { details?: readonly Detail[]; retryAfter?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = more.details ?? [];
    this.retryAfter = more.retryAfter;
  }
}

/*
 * Every refusal of the simulator, with the source of its status and code. Microsoft publishes no list of the codes of
 * entitlement management: "docs" is the reference page, an issue is a thread that shows the real answer. If the real
 * service refuses with a code that no source shows, the simulator answers InvalidRequest, so that clients cannot rely on
 * an invented code.
 */

/** docs: https://learn.microsoft.com/graph/errors (401) */
export const noToken = (): Refusal =>
  new Refusal(401, 'InvalidAuthenticationToken', 'Access token is empty.');

/** https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/2505: generated routes that no back end serves. */
export const noSuchRoute = (url: string): Refusal =>
  new Refusal(404, '', `No HTTP resource was found that matches the request URI '${url}'.`);

/** docs: https://learn.microsoft.com/graph/throttling, which shows code and message. `seconds` is the Retry-After. */
export const tooManyRequests = (seconds: number): Refusal =>
  new Refusal(429, 'TooManyRequests', 'Please retry again later.', { retryAfter: `${seconds}` });

/** docs: https://learn.microsoft.com/graph/errors (405) */
export const wrongMethod = (method: string): Refusal =>
  new Refusal(405, 'MethodNotAllowed', `The method ${method} is not allowed on this resource.`);

/** A published operation that is not simulated. The real service serves it. */
export const notSimulated = (what: string): Refusal =>
  new Refusal(501, 'NotSimulated', `This simulator does not support ${what}; Microsoft Graph may.`);

/** docs: https://learn.microsoft.com/graph/errors (400, 413, 415) */
export const unreadableBody = (): Refusal =>
  new Refusal(400, 'BadRequest', 'Unable to read JSON request payload.');
export const bodyTooLarge = (): Refusal =>
  new Refusal(413, 'RequestEntityTooLarge', 'The request body is larger than 1 MiB.');
export const wrongContentType = (type: string): Refusal =>
  new Refusal(415, 'UnsupportedMediaType', `A body of type '${type}' is not supported.`);

/** https://github.com/microsoftgraph/microsoft-graph-docs/issues/9895, 14493: unknown members and wrong types. */
export const invalidModel = (why: string): Refusal =>
  new Refusal(400, 'InvalidModel', `Model is not valid. ${why}`);

/** https://github.com/microsoft/Microsoft365DSC/issues/4032: text where a GUID belongs, in a path or a filter. */
export const unrecognizedGuid = (text: string): Refusal =>
  new Refusal(400, 'InvalidFilter', `Unrecognized Guid format: '${text}'.`);

/** https://github.com/microsoftgraph/microsoft-graph-docs/issues/18975: a filter on a member that the version lacks. */
export const invalidFilter = (why: string): Refusal =>
  new Refusal(400, 'InvalidFilter', `Invalid filter clause: ${why}.`);

/** docs: https://learn.microsoft.com/graph/query-parameters */
export const badQuery = (why: string): Refusal => new Refusal(400, 'BadRequest', why);

/** docs: https://learn.microsoft.com/graph/aad-advanced-queries: such a query needs ConsistencyLevel and $count. */
export const unsupportedQuery = (why: string): Refusal =>
  new Refusal(400, 'Request_UnsupportedQuery', `Unsupported Query. ${why}`);

/** docs: https://learn.microsoft.com/graph/known-issues (query parameters): `in` takes 15 values. Message seen in the field. */
export const tooManyClauses = (most: number): Refusal =>
  new Refusal(
    400,
    'Request_UnsupportedQuery',
    `Too many child clauses specified in search filter expression containing 'OR' operators. Max allowed: ${most}.`,
  );

/** docs: https://learn.microsoft.com/graph/resolve-auth-errors: the directory refuses a caller without permission. */
export const requestDenied = (): Refusal =>
  new Refusal(
    403,
    'Authorization_RequestDenied',
    'Insufficient privileges to complete the operation.',
  );

/** https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/881: entitlement management refuses such a caller. */
export const notAuthorized = (): Refusal =>
  new Refusal(403, 'UnAuthorized', 'User is not authorized to perform the operation.');

/** docs: https://learn.microsoft.com/graph/errors: the code of the directory for an unknown object. */
export const directoryObjectNotFound = (id: string): Refusal =>
  new Refusal(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );

/** Seen in the field when an application permission is granted a second time. */
export const permissionAlreadyGranted = (): Refusal =>
  new Refusal(400, 'Request_BadRequest', 'Permission being assigned already exists on the object');

/** Seen in the field when the resource has no such application permission. */
export const unknownPermission = (): Refusal =>
  new Refusal(400, 'Request_BadRequest', 'Permission being assigned was not found on application');

/** docs: https://learn.microsoft.com/graph/errors: a missing or invalid member. */
export const directoryRefuses = (why: string): Refusal =>
  new Refusal(400, 'Request_BadRequest', why);

/** https://github.com/hashicorp/terraform-provider-azuread/issues/1277: also shortly after a create. */
export const resourceNotFound = (what: string): Refusal =>
  new Refusal(404, 'ResourceNotFound', `The ${what} was not found.`);

/** https://github.com/hashicorp/terraform-provider-azuread/issues/1066 */
export const roleNotFound = (): Refusal =>
  new Refusal(404, 'RoleNotFound', 'The role was not found.');

/** https://github.com/microsoftgraph/msgraph-metadata/issues/327: an unknown catalog reads as forbidden. */
export const unauthorizedCatalog = (): Refusal =>
  new Refusal(403, 'UnAuthorized', 'User is not authorized to perform the operation.');

/** https://github.com/hashicorp/terraform-provider-azuread/issues/1948 */
export const duplicateAccessPackage = (): Refusal =>
  new Refusal(
    409,
    'DuplicateAccessPackage',
    'There is an existing access package with this name in the catalog.',
  );

/** https://github.com/hashicorp/terraform-provider-azuread/issues/1239, 1864: two policies created at the same time. */
export const duplicateKey = (): Refusal =>
  new Refusal(409, 'DuplicateKey', 'A duplicate key was found while the entity was created.');

/** https://github.com/hashicorp/terraform-provider-azuread/issues/1862 */
export const alreadyOnboarded = (): Refusal =>
  new Refusal(
    400,
    'ResourceAlreadyOnboarded',
    'The specified resource is already onboarded to ELM.',
  );

/** https://github.com/microsoftgraph/microsoft-graph-docs/issues/12204 */
export const callerNotResourceOwner = (): Refusal =>
  new Refusal(400, 'CallerNotResourceOwner', 'The caller is not the resource owner.');

/** https://github.com/hashicorp/terraform-provider-azuread/issues/1091 */
export const resourceInUse = (): Refusal =>
  new Refusal(
    400,
    'InvalidDeleteResourceHasEntitlements',
    'The resource has entitlements and cannot be removed.',
  );

/** Seen in the field: the person already has the package (adminAdd). */
export const existingGrant = (): Refusal =>
  new Refusal(
    409,
    'InvalidRequestExistingGrant',
    'The target already has an assignment to the access package.',
  );

/** Seen in the field: the assignment is not active any more (adminRemove). */
export const noActiveGrant = (): Refusal =>
  new Refusal(404, 'InvalidRequestNoActiveGrant', 'The target has no active assignment.');

/** Seen in the field: another request for the same person and package is open. The code is inside `details`. */
export const existingOpenRequest = (): Refusal =>
  new Refusal(400, 'InvalidRequest', 'The request is not valid.', {
    details: [
      {
        code: 'ExistingOpenRequest',
        message: 'An open request exists for the target and the access package.',
        target: null,
      },
    ],
  });

/** https://github.com/MicrosoftDocs/entra-docs/issues/967: the message is real, its code unpublished. */
export const notEligible = (): Refusal =>
  invalidRequest("You don't meet policy requirements to request this entitlement.");

/**
 * The target is unknown. The code of entitlement management is not published. This is the one of privileged identity
 * management, which also uses it for seconds after a user was created.
 */
export const subjectNotFound = (): Refusal =>
  new Refusal(400, 'SubjectNotFound', 'The subject was not found.');

/** The draft documents identify a package by its display name, which several may have. */
export const ambiguousName = (): Refusal =>
  invalidRequest('Several access packages have this display name.');

/** A request has one package. The draft documents do not say how a second one is refused. */
export const boundToAnother = (): Refusal =>
  invalidRequest('The request is bound to another access package.');

/** The real service refuses this too, with a code that is not published. */
export const invalidRequest = (why: string): Refusal => new Refusal(400, 'InvalidRequest', why);

/** docs: accessPackageAssignmentRequest: cancel. Application permissions are not supported. */
export const delegatedOnly = (): Refusal =>
  new Refusal(
    403,
    'UnAuthorized',
    'User is not authorized to perform the operation: application permissions are not supported.',
  );

/** https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/2493: assignments cannot be deleted directly. */
export const assignmentsAreNotDeleted = (): Refusal =>
  new Refusal(404, '', 'No HTTP resource was found that matches the request URI.');
