import type { Routes } from './routes';
import { v1Routes } from './routes-v1';

/** The dialects of Graph that the client speaks, by the name that the settings use. */
export const dialects = { 'v1.0': v1Routes } as const satisfies Record<string, Routes>;
export type Dialect = keyof typeof dialects;
