import type { Body } from '../../odata/check-body';

/* Beta has one list of people where v1.0 has two: who stands in for others is marked by isBackup. */

/** The name that v1.0 gives to the `id` of a set of this kind. */
const idNames: Record<string, string> = {
  singleUser: 'userId',
  groupMembers: 'groupId',
  connectedOrganizationMembers: 'connectedOrganizationId',
};

const idNameOf = (set: Body): string | undefined => {
  const type = typeof set['@odata.type'] === 'string' ? set['@odata.type'] : '';
  return idNames[type.replace(/^#?microsoft\.graph\./, '')];
};

/** Sets of people of beta as v1.0 has them. */
export function storedSets(sets: unknown, which: 'all' | 'primary' | 'backup'): Body[] {
  if (!Array.isArray(sets)) return [];
  return (sets as Body[])
    .filter((set) => which === 'all' || (set['isBackup'] === true) === (which === 'backup'))
    .map((set) => {
      const idName = idNameOf(set);
      return Object.fromEntries(
        Object.entries(set)
          .filter(([member]) => member !== 'isBackup')
          .map(([member, value]) => [member === 'id' ? (idName ?? member) : member, value]),
      );
    });
}

/** Sets of people of v1.0 as beta has them. */
export function shownSets(sets: unknown, isBackup = false): Body[] {
  if (!Array.isArray(sets)) return [];
  return (sets as Body[]).map((set) => {
    const idName = idNameOf(set);
    if (idName === undefined) return { ...set, isBackup };
    const { [idName]: id, ...others } = set;
    return { ...others, isBackup, id };
  });
}
