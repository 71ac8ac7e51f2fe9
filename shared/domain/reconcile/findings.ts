import { z } from 'zod';
import type { AccessModel, Mode } from '../access-model/access-model';
import { modeOf } from '../lifecycle/gate';
import type { ScopeState } from './scope';

/**
 * What can differ between what should be and what is, in the order in which it is asked: a person and a package have one
 * finding, the first that applies. docs/reconciliation.md gives the reasons for the order, and the next step of each.
 */
export const FindingKind = z.enum([
  'unknown-person',
  'conflict',
  'stuck',
  'broken',
  'taken',
  'wrong-end',
  'missing',
  'extra-ours',
  'theirs',
  'by-rule',
  'roster-only',
  'absent-from-roster',
  'package-drift',
]);
export type FindingKind = z.infer<typeof FindingKind>;

/**
 * What is done about a finding. `report`: a person decides. `repair`: a recheck puts it right. `held`: it would, but a brake
 * waits for a decision. `none`: nothing may be done in this run, because the package was not read whole or a limit of Entra
 * is used up.
 */
export const FindingRemedy = z.enum(['none', 'report', 'repair', 'held']);
export type FindingRemedy = z.infer<typeof FindingRemedy>;

/** One difference. `since` is ISO 8601 in UTC and absent where nobody can tell; `next` is the next step in words. */
export const Finding = z.strictObject({
  kind: FindingKind,
  workerId: z.string().optional(),
  objectId: z.string().optional(),
  packageKey: z.string().optional(),
  since: z.iso.datetime().optional(),
  remedy: FindingRemedy,
  next: z.string(),
});
export type Finding = z.infer<typeof Finding>;

/** The action of the planner's step that would put a finding right, as a permit names it. */
export const RepairAction = z.enum(['grant', 'revoke', 'extend', 'reprocess']);
export type RepairAction = z.infer<typeof RepairAction>;

/**
 * A finding as a run keeps it until its report: with what would put it right, and the packages whose removal from the same
 * person comes first.
 */
export const Difference = Finding.extend({
  action: RepairAction.optional(),
  after: z.array(z.string()).optional(),
});
export type Difference = z.infer<typeof Difference>;

/** The exact pairs that a recheck of one person may carry out. */
export const permitOf = (
  differences: readonly Difference[],
): { packageKey: string; action: RepairAction }[] =>
  differences.flatMap(({ remedy, packageKey, action }) =>
    remedy === 'repair' && packageKey !== undefined && action !== undefined
      ? [{ packageKey, action }]
      : [],
  );

/** The finding of a difference as a report has it. */
export function findingOf({ kind, workerId, objectId, packageKey, ...rest }: Difference): Finding {
  const { since, remedy, next } = rest;
  return Finding.parse({ kind, workerId, objectId, packageKey, since, remedy, next });
}

/** A finding about a worker or a package as such: it is reported, and nothing repairs it. */
export const reported = (
  kind: 'roster-only' | 'absent-from-roster' | 'package-drift',
  about: Pick<Finding, 'workerId' | 'packageKey' | 'since'>,
  detail?: string,
): Difference => ({
  kind,
  ...about,
  remedy: 'report',
  next: nextOf(kind, { remedy: 'report', detail }),
});

/** Why nobody can tell which account is a person's, or who a person is: the reasons with which runs about them end. */
export const Unclear = z.enum(['ambiguous-identity', 'identity-mismatch', 'too-many-worker-ids']);
export type Unclear = z.infer<typeof Unclear>;

/** `detail`: an incompatible package, why nothing can be granted, or what differs. */
export type Circumstances = {
  remedy: FindingRemedy;
  unclear?: Unclear | undefined;
  action?: RepairAction | undefined;
  detail?: string | undefined;
};

const ADVICE: Record<FindingKind, string> = {
  'unknown-person':
    'Find out whose account it is. Load the person with joinery load, or remove the assignment in Entra.',
  conflict: 'Decide which of the two packages the person keeps, and remove the other one.',
  stuck: 'Look at the request in Entra: approve it, deny it or cancel it.',
  broken: 'See in Entra which resource was not delivered, then run joinery recheck for the worker.',
  taken:
    'Find out who or what took it away. If the person should have it, run joinery recheck for the worker; else change the model.',
  'wrong-end':
    'Run joinery recheck for the worker: the assignment gets the end that the model says.',
  missing: 'Run joinery recheck for the worker: it grants the package.',
  'extra-ours': 'Run joinery recheck for the worker: it revokes the package.',
  theirs:
    'Ask its owner. Let the model give it, adopt it with joinery load --yes, or remove it in Entra.',
  'by-rule':
    'Decide who gives it: take the automatic policy off the package in Entra, or the rule out of the model.',
  'roster-only': 'Ask HR why no event of this worker came.',
  'absent-from-roster': 'Ask HR whether the worker has left. Only an event ends access.',
  'package-drift': 'Run joinery model plan, then joinery model apply or change the model.',
};

const CLARIFY: Record<Unclear, string> = {
  'ambiguous-identity':
    'Several accounts have this worker id. Leave it at one of them in Entra, then run joinery recheck for the worker.',
  'identity-mismatch':
    'An account has this worker id in another spelling. Correct it in Entra or in the HR system, then run joinery recheck for the worker.',
  'too-many-worker-ids':
    'Too many worker ids are joined for one person. Correct the HR system, and send the workers with their real numbers.',
};

const REPAIRS: Record<RepairAction, string> = {
  grant: 'A recheck of the person grants it.',
  revoke: 'A recheck of the person revokes it.',
  extend: 'A recheck of the person moves its end.',
  reprocess: 'A recheck of the person has Entra deliver it again.',
};

/** The next step in words. It holds keys and codes only. */
export function nextOf(
  kind: FindingKind,
  { remedy, action, detail, unclear }: Circumstances,
): string {
  const about = detail === undefined ? '' : ` (${detail})`;
  if (remedy === 'repair' && action !== undefined) return `${REPAIRS[action]}${about}`;
  if (remedy === 'held') return `Decide with joinery release or joinery discard${about}.`;
  if (remedy === 'none') return `Nothing in this run: see its scopes and its headroom.${about}`;
  return `${unclear === undefined ? ADVICE[kind] : CLARIFY[unclear]}${about}`;
}

/** What decides on the remedies of all findings of one person. */
export type RemedyContext = {
  model: AccessModel;
  /** The mode of all packages that have none of their own. */
  mode: Mode;
  /** The state of each package that was read; of one without, nothing is repaired. */
  scopes: ReadonlyMap<string, ScopeState>;
  /** Why nothing is repaired for this person, whatever the model says. */
  reportOnly?: 'excluded' | 'attribute-not-stored' | undefined;
  /** Why no run of the person could repair anything either. */
  unclear?: Unclear | undefined;
  /** Whether a limit of Entra is used up. */
  isUsedUp?: boolean | undefined;
};

/** `isAgain`: the same was repaired before, as `taken`. */
export type Repairable = {
  kind: FindingKind;
  packageKey: string;
  action: RepairAction | undefined;
  isAgain: boolean;
};

/** What the model says about a kind of finding and a package: its own word counts before the one for all packages. */
const statedRemedy = (
  { reconcile, accessPackages }: AccessModel,
  kind: FindingKind,
  packageKey?: string,
): 'report' | 'repair' =>
  accessPackages.find(({ key }) => key === packageKey)?.reconcile?.[kind] ??
  reconcile?.[kind] ??
  'report';

/** The remedy of a finding before any brake. What a recheck would not carry out is not asked of it. */
export function remedyOf(
  { kind, packageKey, action, isAgain }: Repairable,
  { model, mode, scopes, reportOnly, unclear, isUsedUp }: RemedyContext,
): FindingRemedy {
  if (scopes.get(packageKey) !== 'complete') return 'none';
  if (action === undefined || isAgain) return 'report';
  if (reportOnly !== undefined || unclear !== undefined) return 'report';
  if (modeOf(model, mode, packageKey) !== 'enforce') return 'report';
  if (statedRemedy(model, kind, packageKey) === 'report') return 'report';
  return isUsedUp ? 'none' : 'repair';
}
