import type { Policy } from '../../domain/access-model/access-model';
import type { Outcome } from '../../domain/workflow/outcome';
import type { AssignmentPolicy } from '../../graph/answers';
import { policyDifferences } from './differences';
import type { Part } from './ensure-part';
import { ensurePart } from './ensure-part';
import type { Ensuring } from './ensuring';
import { failed } from './ensuring';

/** The policy under which the package is assigned: the model's own, or one that exists and belongs to the package. */
export async function ensurePolicy(
  ensuring: Ensuring,
  packageId: string,
): Promise<Outcome<{ found: { id: string } }>> {
  const { policy, policyId } = ensuring.wanted.accessPackage;
  if (policy) return ensureOwnPolicy(ensuring, packageId, policy);
  const policies = await ensuring.graph.listAssignmentPolicies(packageId);
  const found = policies.find(({ id }) => id === policyId);
  return found ? { kind: 'done', found } : failed('policy-missing');
}

function ensureOwnPolicy(
  ensuring: Ensuring,
  packageId: string,
  wanted: Policy,
): Promise<Outcome<{ found: AssignmentPolicy }>> {
  const { graph, packageRow } = ensuring;
  const knownId = packageRow.now().assignmentPolicyId;
  const isIt = ({ id, displayName }: AssignmentPolicy) =>
    knownId === undefined ? displayName === wanted.displayName : id === knownId;
  const part: Part<AssignmentPolicy> = {
    name: 'policy',
    row: packageRow,
    knownId,
    look: async () => (await graph.listAssignmentPolicies(packageId)).filter(isIt),
    make: () => graph.createAssignmentPolicy({ ...wanted, packageId }),
    differences: (found) => policyDifferences(wanted, found),
    keep: ({ id }) => ({ assignmentPolicyId: id }),
  };
  return ensurePart(ensuring, part);
}
