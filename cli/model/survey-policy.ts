import type { AccessPackage } from '../../shared/domain/access-model/access-model';
import type { AssignmentPolicy } from '../../shared/graph/answers';
import { policyDifferences } from '../../shared/packages/ensure/differences';
import type { Part } from './part';
import type { Reads } from './reads';

/** The policy that the model describes or names, by the id in our row or by its name. */
export async function surveyPolicy(
  graph: Pick<Reads, 'listAssignmentPolicies'>,
  { policy, policyId }: AccessPackage,
  packageId: string | undefined,
  recordedId: string | undefined,
): Promise<{ part: Part; found?: AssignmentPolicy }> {
  const part = { part: 'policy', about: policy?.displayName ?? policyId ?? '' } as const;
  const all = packageId === undefined ? [] : await graph.listAssignmentPolicies(packageId);
  const wantedId = policyId ?? (all.some(({ id }) => id === recordedId) ? recordedId : undefined);
  const [found, ...others] = all.filter(({ id, displayName }) =>
    wantedId === undefined ? displayName === policy?.displayName : id === wantedId,
  );
  const gone = packageId !== undefined && recordedId !== undefined && wantedId === undefined;
  if (found === undefined && policyId !== undefined) return { part: { ...part, state: 'missing' } };
  if (found === undefined) return { part: { ...part, state: gone ? 'gone' : 'absent' } };
  if (others.length > 0) return { part: { ...part, state: 'ambiguous' } };
  if (gone) return { part: { ...part, state: 'gone', id: found.id }, found };
  const members = policy ? policyDifferences(policy, found) : [];
  const different = found.automatic ? 'automatic' : 'differs';
  const state = members.length > 0 ? different : 'equal';
  return { part: { ...part, id: found.id, state, members }, found };
}
