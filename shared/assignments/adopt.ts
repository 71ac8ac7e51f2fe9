import type { Want } from '../domain/lifecycle/wants';
import type { HeldAccess } from '../graph/assignment-verbs';
import { emptyOn404 } from '../graph/errors';
import type { Entitlements } from '../graph/entitlements';
import type { StoredHolding } from '../storage/holdings';

/**
 * What becomes of one thing that a person holds in Graph or should hold, when a person takes over what is there:
 * `adopt`: held, wanted and nobody's; from then on it is ours. `known`: it is ours already.
 * Left alone: `by-rule`: an automatic policy gives it. `unknown-policy`: whether one does cannot be told. `pending`: it is
 * being given, taken or requested. `broken`: it was delivered in part or failed. `not-held`: wanted and not there.
 * `hand-off`: held, not wanted and not ours. `not-wanted`: ours, and no longer wanted.
 */
export type Finding = {
  code:
    | 'adopt'
    | 'known'
    | 'by-rule'
    | 'unknown-policy'
    | 'pending'
    | 'broken'
    | 'not-held'
    | 'hand-off'
    | 'not-wanted';
  packageKey: string;
  /** Of `adopt`: the row that says so. */
  holding?: StoredHolding;
};

/** A package of the model that exists in Graph. */
export type KnownPackage = { key: string; catalogId: string };

/** The access of one person, as far as it decides what is adopted. */
export type Takeover = {
  personId: string;
  targetId: string;
  wants: readonly Want[];
  held: readonly HeldAccess[];
  /** All holdings of the person. */
  holdings: readonly StoredHolding[];
  /** The packages of the model by their ids in Graph. */
  packages: ReadonlyMap<string, KnownPackage>;
  /** ISO 8601, UTC. */
  at: string;
};

/** Whether a policy gives access by a rule of its own; undefined if it cannot be read. */
export type IsAutomatic = (policyId: string) => Promise<boolean | undefined>;

/** Reads each policy once. */
export function createPolicyCheck(graph: Pick<Entitlements, 'policyInForce'>): IsAutomatic {
  const known = new Map<string, Promise<boolean | undefined>>();
  return (policyId) => {
    const read = async () => (await emptyOn404(graph.policyInForce(policyId)))[0]?.automatic;
    const answer = known.get(policyId) ?? read();
    known.set(policyId, answer);
    // What failed may be asked again.
    answer.catch(() => known.delete(policyId));
    return answer;
  };
}

/** Compares what one person holds with what they should hold. Writes nothing. */
export async function findingsOf(takeover: Takeover, isAutomatic: IsAutomatic): Promise<Finding[]> {
  const { wants, held, packages } = takeover;
  const wanted = new Set(wants.map(({ packageKey }) => packageKey));
  const keyOf = ({ packageId }: HeldAccess): string => packages.get(packageId)?.key ?? packageId;
  const findings: Finding[] = [];
  for (const want of wants) {
    const own = held.filter((one) => keyOf(one) === want.packageKey);
    findings.push(await findingOf(takeover, want, own, isAutomatic));
  }
  for (const packageKey of new Set(held.map(keyOf))) {
    if (wanted.has(packageKey)) continue;
    const isOurs = rowOf(takeover, packageKey)?.whose === 'ours';
    findings.push({ code: isOurs ? 'not-wanted' : 'hand-off', packageKey });
  }
  return findings;
}

const rowOf = ({ holdings, targetId }: Takeover, packageKey: string): StoredHolding | undefined =>
  holdings.find((one) => one.targetId === targetId && one.packageKey === packageKey);

/** A request of ours in one of these states decides for itself what the row says next. */
const UNDER_WAY: readonly StoredHolding['state'][] = ['submitting', 'requested', 'recording'];

async function findingOf(
  takeover: Takeover,
  want: Want,
  held: readonly HeldAccess[],
  isAutomatic: IsAutomatic,
): Promise<Finding> {
  const { packageKey } = want;
  const row = rowOf(takeover, packageKey);
  const finding = (code: Finding['code']): Finding => ({ code, packageKey });
  if (row && UNDER_WAY.includes(row.state)) return finding('pending');
  const delivered = held.filter(({ status }) => status === 'delivered');
  if (row?.whose === 'ours' && delivered.some(({ id }) => id === row.assignmentId))
    return finding('known');
  if (delivered.length === 0) {
    const [other] = held;
    if (other === undefined) return finding('not-held');
    return finding(['partial', 'failed'].includes(other.status) ? 'broken' : 'pending');
  }
  const checked: [HeldAccess, boolean | undefined][] = [];
  for (const one of delivered)
    checked.push([one, one.policyId === undefined ? undefined : await isAutomatic(one.policyId)]);
  const [byHand] = checked.find(([, automatic]) => automatic === false) ?? [];
  if (byHand) return { ...finding('adopt'), holding: adopted(takeover, want, byHand, row) };
  return finding(checked.some(([, automatic]) => automatic) ? 'by-rule' : 'unknown-policy');
}

/** The row of what was adopted. No run has made it: it is the attempt 0 of the last event behind the want. */
function adopted(
  { personId, targetId, packages, at }: Takeover,
  { packageKey, facts }: Want,
  { id: assignmentId, packageId: accessPackageId, policyId, until }: HeldAccess,
  row: StoredHolding | undefined,
): StoredHolding {
  const catalogId = packages.get(accessPackageId)?.catalogId;
  return {
    ...{ personId: row?.personId ?? personId, targetId, packageKey, etag: row?.etag },
    ...{ state: 'held', action: 'grant', whose: 'ours', outcome: 'adopted' },
    ...{ accessPackageId, assignmentId },
    ...(catalogId !== undefined && { catalogId }),
    ...(policyId !== undefined && { assignmentPolicyId: policyId }),
    ...(until !== undefined && { until }),
    ...{ eventHash: facts.at(-1)?.hash ?? '', attempt: 0, instanceId: 'load' },
    ...{ absentReads: 0, updatedAt: at },
  };
}
