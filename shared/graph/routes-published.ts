import { z } from 'zod';
import { segment } from './odata';
import type { Routes } from './routes';

/** What a write answers with where nobody reads it. */
export const Nothing = z.unknown().transform(() => ({}));

type Same = 'updateAccessPackage' | 'listIncompatible' | 'addIncompatible';

/** What both published versions have by the same names, below the address of entitlement management in each. */
export const publishedRoutes = (management: string): Pick<Routes, Same> => ({
  // Source: https://learn.microsoft.com/graph/api/accesspackage-update
  updateAccessPackage: {
    method: 'PATCH',
    path: ({ id }) => `${management}/accessPackages/${segment(id)}`,
    body: ({ displayName, description, hidden }) => ({
      displayName,
      description,
      isHidden: hidden,
    }),
    answer: Nothing,
  },
  listIncompatible: {
    method: 'GET',
    path: ({ packageId }) =>
      `${management}/accessPackages/${segment(packageId)}/incompatibleAccessPackages`,
    answer: z.object({ id: z.string() }),
  },
  addIncompatible: {
    method: 'POST',
    path: ({ packageId }) =>
      `${management}/accessPackages/${segment(packageId)}/incompatibleAccessPackages/$ref`,
    body: ({ other }, root) => ({
      '@odata.id': `${root}${management}/accessPackages/${segment(other.id)}`,
    }),
    answer: Nothing,
  },
});
