import type { PackageSurvey, Part, PartState } from './part';

/** What `model apply` does about one part. `refuse` is left to a person, and so is then the whole package. */
export type Act = 'nothing' | 'create' | 'update' | 'refuse';

export type Change = {
  package: string;
  part: Part['part'];
  about: string;
  act: Act;
  /** The members that change, where there are some. */
  members?: string[];
  /** Why, of what is created again or refused. */
  why?: string;
};

const byState: Record<PartState, Pick<Change, 'act' | 'why'>> = {
  equal: { act: 'nothing' },
  absent: { act: 'create' },
  gone: { act: 'create', why: 'was deleted in Entra' },
  differs: { act: 'update' },
  automatic: {
    act: 'refuse',
    why: 'it gives access by a rule of its own; replacing it takes access from everybody whom the rule gave it, so change it in Entra',
  },
  pending: { act: 'create' },
  extra: {
    act: 'refuse',
    why: 'Entra grants it and the model does not; removing it takes access from everybody who holds the package, so name it in the model or remove it in Entra',
  },
  missing: {
    act: 'refuse',
    why: 'the model names it by its id, and there is none; mend the model',
  },
  ambiguous: { act: 'refuse', why: 'several are called so; rename or remove all but one' },
  'no-such-role': { act: 'refuse', why: 'the resource has no such role; mend the model' },
};

/**
 * What has to happen so that a package equals the model. `selected` are the packages that are applied together: only
 * then can an incompatibility with one that does not exist yet be made.
 */
export function changesOf(survey: PackageSurvey, selected: ReadonlySet<string>): Change[] {
  return survey.parts
    .filter(({ state, about }) => state !== 'pending' || selected.has(about))
    .map((part) => ({
      package: survey.key,
      part: part.part,
      about: part.about,
      ...byState[part.state],
      ...(part.state === 'differs' && part.members && { members: part.members }),
      ...special(part),
    }));
}

/** What no call can change, and what is lost by changing. */
function special({ part, state, members = [] }: Part): Partial<Pick<Change, 'act' | 'why'>> {
  if (part === 'package' && members.includes('package.catalog'))
    return { act: 'refuse', why: 'it is in another catalog, and a package cannot be moved' };
  if (part === 'policy' && state === 'differs')
    return { why: 'is replaced as a whole, without questions and custom extensions' };
  return {};
}

export const isRefused = (changes: readonly Change[]): boolean =>
  changes.some(({ act }) => act === 'refuse');
