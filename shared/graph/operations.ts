import type { z } from 'zod';
import type {
  AccessPackage as ModelPackage,
  Catalog as ModelCatalog,
  Policy,
  Resource,
} from '../domain/access-model/access-model';
import type {
  AccessPackage,
  Assignment,
  AssignmentPolicy,
  AssignmentRequest,
  Catalog,
  CatalogResource,
  PackageProperties,
  ResourceRequest,
  ResourceRole,
  ResourceScope,
  User,
} from './answers';
import type { OpenState } from './states';
import type { Method } from './transport';

export type NewCatalog = Pick<ModelCatalog, 'displayName' | 'description'>;
/** How a package is described by its properties alone. */
export type PackageText = Pick<ModelPackage, 'displayName' | 'description' | 'hidden'>;
export type NewPackage = PackageText & { catalogId: string };
export type NewResource = Pick<Resource, 'originSystem' | 'originId'> & { catalogId: string };
export type NewRoleScope = {
  packageId: string;
  resource: CatalogResource;
  role: ResourceRole;
  scope: ResourceScope | undefined;
};
export type NewPolicy = Policy & { packageId: string };
export type ChangedCatalog = NewCatalog & { id: string };
/** Without a display name it keeps the one that it has. */
export type ChangedPackage = Omit<PackageText, 'displayName'> & {
  id: string;
  displayName?: string | undefined;
};
/** A policy is replaced as a whole, so what the model does not name of it is sent as it was read. */
export type ChangedPolicy = NewPolicy & { id: string; kept: object };
/** At least its id, and whatever else the dialect has to say of it. */
export type ExcludedPackage = { id: string } & Partial<PackageProperties>;
export type NewExclusion = { packageId: string; other: ExcludedPackage };
/**
 * `justification` is provenance and the mark by which our request is found again. `until`: when the access ends, an ISO
 * 8601 time; without it the lifetime in the policy counts.
 */
export type NewRequest = {
  packageId: string;
  policyId: string;
  userId: string;
  justification: string;
  until?: string | undefined;
};
/** `expirationDateTime`: when the access ends by request and policy, in a dialect where the client says both. */
export type NewGrant = NewRequest & { expirationDateTime?: string | undefined };
/** Takes an assignment away; it alone says whose access to which package that is. */
export type NewRemoval = { assignmentId: string; justification: string };
/** Moves the end of an assignment to `until`, an ISO 8601 time; with null it has none. */
export type NewUpdate = { assignmentId: string; until: string | null; justification: string };
/**
 * Access of one person. `from` is when it began, an ISO 8601 time: what a lifetime of its policy counts from.
 * `justification` and `until`: those of its request.
 */
export type NewAssignment = {
  justification: string;
  catalogId: string;
  packageId: string;
  policyId: string;
  userId: string;
  from: string;
  until?: string | undefined;
};

/** How one operation is asked for in one dialect and how its answer, or each item of its list, is read. */
export type Route<Input, Answer> = {
  method: Method;
  /** The path below the root, version included. */
  path: (input: Input) => string;
  query?: (input: Input) => Record<string, string>;
  headers?: (input: Input) => Record<string, string>;
  body?: (input: Input, root: string) => object;
  /** Where the object can be read that the call concerns, where only its body has the id. */
  object?: (input: Input) => string;
  answer: z.ZodType<Answer>;
};

/** What every dialect has a call for: what it takes, and what it (or each item of its list) answers with. */
type CommonOperations = {
  /** At most 15 values. */
  findUsers: { input: { attribute: string; values: readonly string[] }; answer: User };
  /** Everybody in the directory, with the attribute. */
  listUsers: { input: { attribute: string }; answer: User };
  /** The tenant itself. */
  getOrganization: { input: object; answer: { id: string } };
  findCatalogs: { input: { displayName: string }; answer: Catalog };
  getCatalog: { input: { id: string }; answer: Catalog };
  createCatalog: { input: NewCatalog; answer: Catalog };
  updateCatalog: { input: ChangedCatalog; answer: object };
  findCatalogResources: {
    input: { catalogId: string; originId: string };
    answer: CatalogResource;
  };
  listCatalogResources: { input: { catalogId: string }; answer: CatalogResource };
  findResourceRoles: {
    input: { catalogId: string; resource: CatalogResource };
    answer: ResourceRole;
  };
  addResourceToCatalog: { input: NewResource; answer: ResourceRequest };
  getResourceRequest: { input: { id: string }; answer: ResourceRequest };
  findAccessPackages: { input: { displayName: string }; answer: AccessPackage };
  getAccessPackage: { input: { id: string }; answer: AccessPackage };
  /** Of all catalogs: no filter by catalog is documented. */
  listAccessPackages: { input: object; answer: AccessPackage };
  createAccessPackage: { input: NewPackage; answer: AccessPackage };
  updateAccessPackage: { input: ChangedPackage; answer: object };
  addResourceRoleScope: { input: NewRoleScope; answer: object };
  listAssignmentPolicies: { input: { packageId: string }; answer: AssignmentPolicy };
  createAssignmentPolicy: { input: NewPolicy; answer: AssignmentPolicy };
  replaceAssignmentPolicy: { input: ChangedPolicy; answer: object };
  /** Of all packages. */
  listPolicies: { input: object; answer: { id: string } };
  listIncompatible: { input: { packageId: string }; answer: { id: string } };
  addIncompatible: { input: NewExclusion; answer: object };
  getAssignmentPolicy: { input: { id: string }; answer: AssignmentPolicy };
  findAssignments: { input: { packageId: string; userId: string }; answer: Assignment };
  listAssignmentsOf: { input: { userId: string }; answer: Assignment };
  listAssignmentsOfPackage: { input: { packageId: string }; answer: Assignment };
  submitAssignmentRequest: { input: NewGrant; answer: AssignmentRequest };
  getAssignmentRequest: { input: { id: string }; answer: AssignmentRequest };
  findAssignmentRequests: {
    input: { packageId: string; justification?: string };
    answer: AssignmentRequest;
  };
  /** Of all packages, at least those with the `justification`. */
  listRequestsSince: {
    input: { since: string; justification: string };
    answer: AssignmentRequest;
  };
  /** Of all packages, whoever made them; one dialect has no such filter and lists them all. */
  listRequests: { input: { since: string }; answer: AssignmentRequest };
  listRequestsInState: { input: { state: OpenState }; answer: AssignmentRequest };
};

/** What only some dialects have, or leave to a call of its own. */
type FurtherOperations = {
  /** Of all packages, whoever made them, with no more than how far each has come. */
  listProgress: { input: { since: string }; answer: AssignmentRequest };
  submitRemoval: { input: NewRemoval; answer: AssignmentRequest };
  submitUpdate: { input: NewUpdate; answer: AssignmentRequest };
  reprocessAssignment: { input: { id: string }; answer: object };
  reprocessRequest: { input: { id: string }; answer: object };
  /** What must be known of a package before another can exclude it. */
  describeAccessPackage: { input: { id: string }; answer: PackageProperties };
  /** Otherwise the package is a part of the request. */
  bindRequest: { input: { requestId: string; accessPackage: PackageText }; answer: object };
  /** The request, or the assignment, with the id that the client gave it; otherwise Graph gives the ids. */
  getOwnRequest: { input: { justification: string }; answer: AssignmentRequest };
  getOwnAssignment: { input: { justification: string }; answer: Assignment };
  /** Otherwise Graph makes the assignment when it delivers the request. */
  recordAssignment: {
    input: NewAssignment & { expiredDateTime: string | undefined };
    answer: Assignment;
  };
};

type Operations = CommonOperations & FurtherOperations;
export type CommonOperation = keyof CommonOperations;
export type FurtherOperation = keyof FurtherOperations;
export type Operation = keyof Operations;
export type InputOf<Name extends Operation> = Operations[Name]['input'];
export type AnswerOf<Name extends Operation> = Operations[Name]['answer'];
export type RouteOf<Name extends Operation> = Route<InputOf<Name>, AnswerOf<Name>>;

export type CommonRoutes = { [Name in CommonOperation]: RouteOf<Name> };
export type FurtherRoutes = { [Name in FurtherOperation]?: RouteOf<Name> };
/** One dialect, as a table. Nothing else of the product knows that there are several. */
export type Routes = CommonRoutes & FurtherRoutes;
