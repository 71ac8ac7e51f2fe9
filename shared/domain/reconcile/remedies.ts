import type { AccessModel, Mode } from '../access-model/access-model';
import { modeOf } from '../lifecycle/gate';
import type { FindingKind, FindingRemedy, RepairAction } from './findings';
import type { ScopeState } from './scope';

/** What decides on the remedies of all findings of one person. */
export type RemedyContext = {
  model: AccessModel;
  /** The mode of all packages that have none of their own. */
  mode: Mode;
  /** The state of each package that was read; of one without, nothing is repaired. */
  scopes: ReadonlyMap<string, ScopeState>;
  /** Why nothing is repaired for this person, whatever the model says. */
  reportOnly?: 'excluded' | 'attribute-not-stored' | undefined;
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
export const statedRemedy = (
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
  { model, mode, scopes, reportOnly, isUsedUp }: RemedyContext,
): FindingRemedy {
  if (scopes.get(packageKey) !== 'complete') return 'none';
  if (action === undefined || reportOnly !== undefined || isAgain) return 'report';
  if (modeOf(model, mode, packageKey) !== 'enforce') return 'report';
  if (statedRemedy(model, kind, packageKey) === 'report') return 'report';
  return isUsedUp ? 'none' : 'repair';
}
