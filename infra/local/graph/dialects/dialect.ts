import type { Filters } from '../odata/list';
import { membersOf, type Body, type EntityModel } from '../odata/model';
import type { Policy } from '../state/rows';

/**
 * What differs between v1.0 and beta, as data. The handlers of entitlement management use the names and words of v1.0;
 * a dialect says how its version spells them, and its model says which members the version has at all.
 */
export type Dialect = {
  version: 'v1.0' | 'beta';
  model: EntityModel;
  /** Collections and navigation members by their name in v1.0, where this version has another. */
  names: Readonly<Record<string, string>>;
  /** Properties by type and by their name in v1.0, where this version has another. Null omits a declared property. */
  properties: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  /** Navigation members by their name in v1.0 that this version also has as a plain id. */
  ids: Readonly<Record<string, string>>;
  /** The spelling of a state or kind that v1.0 writes as `pendingApproval`. */
  spell: (word: string) => string;
  /** The word of v1.0 for a spelling of this version. Throws InvalidModel for another spelling. */
  unspell: (word: string, member: string) => string;
  /** The type that the body of a new assignment request is checked against. */
  newRequest: string;
  /** Published types of assignment requests that the simulator refuses as not simulated. */
  requestsNotSimulated: readonly string[];
  policy: PolicyFormat;
};

/** Policies have another shape in each version. They are stored in that of v1.0. */
export type PolicyFormat = {
  read: (body: Body) => Omit<Policy, 'id' | 'packageId' | 'createdAt' | 'modifiedAt'>;
  /** The members with another name or shape than the stored ones. */
  values: Readonly<Record<string, (policy: Policy) => unknown>>;
};

/** What a dialect shows as the creator of everything: the display name of the calling application. */
export const caller = 'The calling application';

/** Where the routes of entitlement management start. */
export const rootOf = ({ version }: Dialect): string =>
  `/${version}/identityGovernance/entitlementManagement`;

/** The name of a collection or navigation member. */
export const nameIn = ({ names }: Dialect, name: string): string => names[name] ?? name;

/** The name of a property, or null if this version does not show it. */
export function propertyIn({ model, properties }: Dialect, type: string, name: string) {
  const own = properties[type]?.[name];
  const actual = own === undefined ? name : own;
  const declared = actual !== null && Object.hasOwn(model.types[type]?.properties ?? {}, actual);
  return declared ? actual : null;
}

/**
 * The filters of a collection by the paths of this version. Each keeps its path of v1.0 in `as`. A path whose first
 * member the type does not declare is left out.
 */
export function filtersIn<Row>(
  dialect: Dialect,
  type: string,
  filters: Filters<Row>,
): Filters<Row> {
  const declared = membersOf(dialect.model, type);
  const known = Object.entries(filters).flatMap(([path, filter]) =>
    pathsIn(dialect, type, path)
      .filter((actual) => Object.hasOwn(declared, actual.split('/')[0] ?? ''))
      .map((actual) => [actual, { ...filter, as: path }] as const),
  );
  return Object.fromEntries(known);
}

function pathsIn(dialect: Dialect, type: string, path: string): string[] {
  const [first = '', rest] = path.split('/');
  if (rest === undefined) return [propertyIn(dialect, type, path) ?? path];
  const id = rest === 'id' ? dialect.ids[first] : undefined;
  return [`${nameIn(dialect, first)}/${rest}`, ...(id === undefined ? [] : [id])];
}
