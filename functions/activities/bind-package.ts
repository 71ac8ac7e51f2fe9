import type { Failed, Later } from '../../shared/domain/workflow/outcome';
import { packageDefinition } from '../../shared/domain/access-model/package-definition';
import type { AssignmentRequest } from '../../shared/graph/answers';
import { classify } from '../../shared/graph/classify';
import type { Services } from '../services';
import type { Wanted } from './look-before-submit';

/**
 * Sees that a request has its package before anybody relies on it: a request may come to be without one, and be found
 * so after a crash. Undefined once it has; a request of another package is left alone.
 */
export async function bindPackage(
  { graph, model }: Services,
  { ids, step }: Wanted,
  request: AssignmentRequest,
): Promise<Later | Failed | undefined> {
  if (request.packageId === ids.accessPackageId) return undefined;
  if (request.packageId !== undefined) return { kind: 'failed', why: 'request-of-another-package' };
  const definition = packageDefinition(model().model, step.packageKey);
  if (!definition) return { kind: 'failed', why: 'package-not-in-model' };
  try {
    await graph.bindRequest(request.id, definition.accessPackage);
    return undefined;
  } catch (error) {
    const refusal = classify(error);
    if (refusal.kind !== 'conflict') return refusal;
    const { conflict, evidence } = refusal;
    if (conflict !== 'not-found') return { kind: 'failed', why: conflict, evidence };
    // The replica that was asked may not have the request, or the package, yet.
    return { kind: 'later', afterSeconds: 1, why: 'not-yet-visible', evidence };
  }
}
