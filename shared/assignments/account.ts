import { isTooLong, isWorkerId } from '../domain/events/match-attribute';
import type { Fact } from '../domain/lifecycle/facts';
import type { Want } from '../domain/lifecycle/wants';
import type { Failed, Later } from '../domain/workflow/outcome';
import type { Entitlements } from '../graph/entitlements';

type AccountServices = {
  graph: Pick<Entitlements, 'findUsers'>;
  config: { matchAttribute: string };
};

export type Account = { id: string; isEnabled: boolean } | Later | Failed;

/**
 * The worker ids of a person, in the order in which their account is looked for: that of the latest employment which gives
 * something comes first.
 */
export function numbersOf(
  wants: readonly Want[],
  facts: readonly Fact[],
  ...others: string[]
): ReadonlySet<string> {
  const named = wants.flatMap((want) => want.facts.map(({ workerId }) => workerId)).toReversed();
  return new Set([...named, ...others, ...facts.map(({ workerId }) => workerId)]);
}

/** The one account of the person, by the first of their worker ids that has any. */
export async function accountOf(
  services: AccountServices,
  workerIds: ReadonlySet<string>,
): Promise<Account> {
  const usable = usableIn(services, workerIds);
  // Nobody can ever have it, so the run does not wait for them.
  if (usable.length === 0) return { kind: 'failed', why: 'worker-id-too-long' };
  for (const workerId of usable) {
    const { exact, isEmpty } = await findUsers(services, workerId);
    const [user, ...others] = exact;
    if (isEmpty) continue;
    // Another spelling may be another person: whose access it is, a person decides.
    if (!user) return { kind: 'failed', why: 'identity-mismatch' };
    if (others.length > 0) return { kind: 'failed', why: 'ambiguous-identity' };
    return { id: user.id, isEnabled: user.accountEnabled !== false };
  }
  return { kind: 'later', afterSeconds: 1, why: 'no-identity' };
}

/** The ids of the accounts that the directory has under any of the person's worker ids, where it has exactly one. */
export async function accountsOf(
  services: AccountServices,
  workerIds: ReadonlySet<string>,
): Promise<Set<string>> {
  const accounts = new Set<string>();
  for (const workerId of usableIn(services, workerIds)) {
    const [user, ...others] = (await findUsers(services, workerId)).exact;
    if (user && others.length === 0) accounts.add(user.id);
  }
  return accounts;
}

const usableIn = ({ config }: AccountServices, workerIds: ReadonlySet<string>): string[] =>
  [...workerIds].filter((id) => !isTooLong(id, config.matchAttribute));

/** Graph compares without case, so it may find another spelling. */
async function findUsers({ graph, config }: AccountServices, workerId: string) {
  const found = await graph.findUsers(config.matchAttribute, workerId);
  const exact = found.filter(({ value }) => isWorkerId(value, workerId));
  return { exact, isEmpty: found.length === 0 };
}
