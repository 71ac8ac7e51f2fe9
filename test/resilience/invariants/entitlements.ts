import type { GraphState } from '../evidence';
import { repeats } from './repeats';

/** States in which a request has come to its end, in either dialect's spelling. */
const OVER = ['delivered', 'partiallydelivered', 'deliveryfailed', 'denied', 'canceled'];

export const isOpen = (state: string): boolean => !OVER.includes(state.toLowerCase());
export const isActive = (state: string): boolean => state.toLowerCase() === 'delivered';

/** Nothing twice: catalogs, resources, packages, policies and roles; open requests and assignments per person. */
export function entitlementFaults(graph: GraphState): string[] {
  const { catalogs, resources, accessPackages, policies, requests, assignments } = graph;
  const person = (one: { targetId?: string; packageId?: string }): string =>
    `person ${one.targetId ?? '?'} and package ${one.packageId ?? '?'}`;
  const open = requests.filter(({ state, targetId }) => targetId && isOpen(state));
  const active = assignments.filter(({ state }) => isActive(state));
  const marked = requests.filter(({ justification }) => justification?.startsWith('joinery:'));
  const found: [what: string, keys: string[]][] = [
    ['more than one catalog', repeats(catalogs, ({ displayName }) => displayName)],
    [
      'more than one resource in a catalog',
      repeats(resources, ({ catalogId, originId }) => `${catalogId} ${originId}`),
    ],
    [
      'more than one package in a catalog',
      repeats(accessPackages, ({ catalogId, displayName }) => `${catalogId ?? '-'} ${displayName}`),
    ],
    [
      'more than one policy of a package',
      repeats(policies, ({ packageId, displayName }) => `${packageId} ${displayName ?? ''}`),
    ],
    [
      'a role more than once in a package',
      accessPackages.flatMap(({ id, roles }) => repeats(roles, (role) => `${id} ${role}`)),
    ],
    ['more than one open request', repeats(open, person)],
    ['more than one active assignment', repeats(active, person)],
    [
      'more than one request of one step',
      repeats(marked, ({ justification }) => justification ?? ''),
    ],
  ];
  return found.flatMap(([what, keys]) => keys.map((key) => `${what}: ${key}`));
}
