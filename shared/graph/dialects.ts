import type { DraftRoots } from './draft-roots';
import type { Routes } from './routes';
import { betaRoutes } from './routes-beta';
import { draftRoutes } from './routes-draft';
import { v1Routes } from './routes-v1';

/** The dialects of Graph that the client speaks, by the name that the settings use. */
export type Dialect = 'v1.0' | 'beta' | 'draft';

export type DialectTable = {
  routes: Routes;
  /** Sent over loopback http, where no real token may go, by a dialect whose documents require the header. */
  placeholderToken?: string;
};

/** The table of a dialect. Throws if a root of the draft dialect is not a path segment. */
export function dialectTable(dialect: Dialect, roots: DraftRoots): DialectTable {
  switch (dialect) {
    case 'v1.0':
      return { routes: v1Routes };
    case 'beta':
      return { routes: betaRoutes };
    case 'draft':
      return { routes: draftRoutes(roots), placeholderToken: 'loopback-placeholder' };
  }
}
