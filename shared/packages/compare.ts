import {
  type AccessPackage,
  type Approval,
  type Catalog,
  type Expiration,
  foldedName,
  type Policy,
} from '../domain/access-model/access-model';
import type * as answer from '../graph/answers';

type Named = { displayName?: string | null | undefined };

/**
 * What a display name means of those that were found by it. Graph ignores the case of letters, so other spellings are
 * found too: without one that is exact, they are meant, and their display name is a difference. So a second one is never
 * created beside them.
 */
export function meantBy<Found extends Named>(displayName: string, found: Found[]): Found[] {
  const exact = found.filter((one) => one.displayName === displayName);
  return exact.length > 0 ? exact : found;
}

/** As `meantBy`, among all that there are. */
export const namedLike = <Found extends Named>(displayName: string, all: Found[]): Found[] =>
  meantBy(
    displayName,
    all.filter((one) => foldedName(one.displayName ?? '') === foldedName(displayName)),
  );

/** The members in which a catalog is not what the model says. */
export function catalogDifferences(wanted: Catalog, found: answer.Catalog): string[] {
  return names({
    'catalog.displayName': wanted.displayName === found.displayName,
    'catalog.description': wanted.description === found.description,
    'catalog.state': found.published,
  });
}

/** The members in which a package is not what the model says; its role scopes are compared for themselves. */
export function packageDifferences(
  wanted: AccessPackage,
  catalogId: string,
  found: answer.AccessPackage,
): string[] {
  return names({
    'package.catalog': found.catalogId === undefined || found.catalogId === catalogId,
    // A package that is named by its id may be called anything.
    'package.displayName': wanted.adoptId !== undefined || wanted.displayName === found.displayName,
    'package.description': wanted.description === found.description,
    'package.hidden': wanted.hidden === (found.isHidden ?? false),
  });
}

/** The members in which a policy is not what the model says. */
export function policyDifferences(wanted: Policy, found: answer.AssignmentPolicy): string[] {
  return names({
    'policy.displayName': wanted.displayName === found.displayName,
    'policy.description': wanted.description === found.description,
    'policy.expiration': sameExpiration(wanted.expiration, found.expiration),
    'policy.requestors': isForAdministrators(found),
    'policy.approval': sameApproval(wanted.approval, found.requestApprovalSettings),
  });
}

/** Our policies let administrators assign and nobody ask for themselves; any other would open the package to more people. */
function isForAdministrators(found: answer.AssignmentPolicy): boolean {
  const { allowedTargetScope, requestorSettings } = found;
  const scope = (allowedTargetScope ?? requestorSettings?.scopeType ?? '').toLowerCase();
  const toThemselves = requestorSettings?.enableTargetsToSelfAddAccess ?? false;
  return ['', 'notspecified', 'nosubjects'].includes(scope) && !toThemselves;
}

function sameExpiration(wanted: Expiration, found: answer.AssignmentPolicy['expiration']): boolean {
  if (found?.type?.toLowerCase() !== wanted.type.toLowerCase()) return false;
  if (wanted.type === 'afterDuration') return found.duration?.toUpperCase() === wanted.duration;
  if (wanted.type === 'noExpiration') return true;
  return Date.parse(found.endDateTime ?? '') === Date.parse(wanted.endDateTime);
}

function sameApproval(
  wanted: Approval,
  found: answer.AssignmentPolicy['requestApprovalSettings'],
): boolean {
  if (wanted.required !== (found?.isApprovalRequiredForAdd ?? false)) return false;
  if (!wanted.required) return true;
  return stagesAsText(wanted.stages) === stagesAsText(found?.stages ?? []);
}

type Stages = NonNullable<
  NonNullable<answer.AssignmentPolicy['requestApprovalSettings']>['stages']
>;

/** Stages are decided in their order; the approvers of one have none. */
function stagesAsText(stages: Stages): string {
  return JSON.stringify(
    stages.map(({ durationBeforeAutomaticDenial, primaryApprovers }) => [
      durationBeforeAutomaticDenial,
      (primaryApprovers ?? [])
        .map(({ userId, groupId, managerLevel }) => [userId, groupId, managerLevel].join('|'))
        .sort(),
    ]),
  );
}

function names(equal: Record<string, boolean>): string[] {
  return Object.keys(equal).filter((name) => equal[name] === false);
}
