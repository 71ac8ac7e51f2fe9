import type { PackageIds } from '../domain/lifecycle/plan';
import type { AssignmentPolicy } from '../graph/answers';
import type { Entitlements } from '../graph/entitlements';
import type { GraphError } from '../graph/errors';

/** How one item is not what the model says. */
export type Difference =
  /** It does not exist and can be created. */
  | { kind: 'missing' }
  /** Our rows say that it was there, and Graph does not have it any more. */
  | { kind: 'gone' }
  /** Graph took the write that creates it and did not carry it out. */
  | { kind: 'not-delivered' }
  /** The model names it by an id that does not exist. */
  | { kind: 'unknown-id' }
  /** Several may be it. */
  | { kind: 'ambiguous' }
  /** It differs in these members. */
  | { kind: 'differs'; members: string[] }
  /** Graph has it and the model does not. */
  | { kind: 'extra' }
  /** The resource has no role of this name. */
  | { kind: 'no-such-role' }
  /** It cannot exist before another package does. */
  | { kind: 'pending' }
  /** A run could not read it; Graph's answer decides. */
  | { kind: 'unreadable'; error: GraphError };

export type ItemType = 'catalog' | 'resource' | 'package' | 'role' | 'policy' | 'incompatible';

/** The ids that our rows keep. */
export type Ids = { [Name in keyof PackageIds]?: string | undefined };

/** What the answer to a write says: ids, and the request that Graph may carry it out by later. */
export type Created = Ids & { requestId?: string | undefined };

/** One thing that must exist once for a package to be complete, and how it compares with the model. */
export type ModelItem = {
  part: ItemType;
  /** The key, the origin id and role, or the name by which the model knows it. */
  about: string;
  /** Its name among the writes of its row: of the catalog for `catalog` and `resource`, else of the package. */
  write: string;
  /** Undefined if it is as the model says. */
  difference: Difference | undefined;
  /** Graph's id, if it exists and has one. */
  id?: string | undefined;
  /** What our row keeps of it once it is as the model says. */
  ids?: Ids;
  /** Whether it may be created also in a package that is not ours. */
  isAlwaysOurs?: boolean;
  /** The POST that creates it; `ids` are those of its catalog and package, which exist by then. */
  create?: (graph: Entitlements, ids: Ids) => Promise<Created>;
  /** What became of the request that creates it. Throws `GraphError` if it was not carried out. */
  follow?: (graph: Entitlements, requestId: string) => Promise<'open' | 'ended'>;
  /** Changes what differs, by one call that may be repeated without harm. Absent if no call can, or none should. */
  update?: (graph: Entitlements) => Promise<unknown>;
  /** Of a policy: what Graph says of it. */
  policy?: AssignmentPolicy | undefined;
};

/** What `model apply` does about an item; `refuse` leaves it to a person, and with it the whole package. */
export type Act = 'nothing' | 'create' | 'update' | 'refuse';

export function actOf({ difference, update }: ModelItem): Act {
  switch (difference?.kind) {
    case undefined:
      return 'nothing';
    case 'missing':
    case 'gone':
    case 'pending':
      return 'create';
    case 'differs':
      return update ? 'update' : 'refuse';
    default:
      return 'refuse';
  }
}

const words: Record<ItemType, string> = {
  ...{ catalog: 'catalog', resource: 'resource', package: 'package' },
  ...{ role: 'role-scope', policy: 'policy', incompatible: 'incompatible' },
};

/** The code of a difference in outcomes and audit rows. */
export function codeOf(part: ItemType, difference: Difference): string {
  switch (difference.kind) {
    case 'differs':
      return `drift:${difference.members.join(',')}`;
    case 'extra':
      return 'drift:package.resourceRoleScopes';
    case 'no-such-role':
      return 'resource-role-missing';
    case 'unknown-id':
      return part === 'package' ? 'package-gone' : `${words[part]}-missing`;
    case 'ambiguous':
      return part === 'role' ? 'resource-role-ambiguous' : `${words[part]}-ambiguous`;
    default:
      return `${words[part]}-${difference.kind}`;
  }
}
