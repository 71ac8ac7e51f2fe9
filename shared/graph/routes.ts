import type { z } from 'zod';
import type {
  AccessPackage,
  Assignment,
  AssignmentPolicy,
  AssignmentRequest,
  Catalog,
  CatalogResource,
  ResourceRole,
  User,
} from './answers';
import type {
  NewCatalog,
  NewRequest,
  NewPackage,
  NewPolicy,
  NewResource,
  NewRoleScope,
} from './definitions';

/** How one operation is asked for in one dialect and how its answer, or each item of its list, is read. */
export type Route<Input, Answer> = {
  method: 'GET' | 'POST';
  /** The path below the root, version included. */
  path: (input: Input) => string;
  query?: (input: Input) => Record<string, string>;
  body?: (input: Input, root: string) => object;
  answer: z.ZodType<Answer>;
};

/** Every operation of the workflow: what it takes, and what it (or each item of its list) answers with. */
export type Operations = {
  findUsers: { input: { attribute: string; value: string }; answer: User };
  findCatalogs: { input: { displayName: string }; answer: Catalog };
  getCatalog: { input: { id: string }; answer: Catalog };
  createCatalog: { input: NewCatalog; answer: Catalog };
  findCatalogResources: {
    input: { catalogId: string; originId: string };
    answer: CatalogResource;
  };
  findResourceRoles: {
    input: { catalogId: string; resource: CatalogResource };
    answer: ResourceRole;
  };
  addResourceToCatalog: { input: NewResource; answer: object };
  findAccessPackages: { input: { displayName: string }; answer: AccessPackage };
  getAccessPackage: { input: { id: string }; answer: AccessPackage };
  createAccessPackage: { input: NewPackage; answer: AccessPackage };
  addResourceRoleScope: { input: NewRoleScope; answer: object };
  listAssignmentPolicies: { input: { packageId: string }; answer: AssignmentPolicy };
  createAssignmentPolicy: { input: NewPolicy; answer: AssignmentPolicy };
  listIncompatible: { input: { packageId: string }; answer: { id: string } };
  addIncompatible: { input: { packageId: string; otherId: string }; answer: object };
  findAssignments: { input: { packageId: string; userId: string }; answer: Assignment };
  getAssignment: { input: { id: string }; answer: Assignment };
  submitAssignmentRequest: { input: NewRequest; answer: AssignmentRequest };
  getAssignmentRequest: { input: { id: string }; answer: AssignmentRequest };
  findAssignmentRequests: { input: { packageId: string }; answer: AssignmentRequest };
};
export type Operation = keyof Operations;
export type InputOf<Name extends Operation> = Operations[Name]['input'];
export type AnswerOf<Name extends Operation> = Operations[Name]['answer'];

/** One dialect: a route for every operation. Nothing else differs between dialects. */
export type Routes = { [Name in Operation]: Route<InputOf<Name>, AnswerOf<Name>> };
