import { isTooLong, isWorkerId } from '../domain/events/match-attribute';
import type { Failed, Later } from '../domain/workflow/outcome';
import type { Entitlements } from '../graph/entitlements';

type AccountServices = {
  graph: Pick<Entitlements, 'findUsers'>;
  config: { matchAttribute: string };
};

export type Account = { id: string; isEnabled: boolean } | Later | Failed;

/** The one account of the person, by the first of their worker ids that has any. */
export async function accountOf(
  { graph, config }: AccountServices,
  workerIds: ReadonlySet<string>,
): Promise<Account> {
  const usable = [...workerIds].filter((id) => !isTooLong(id, config.matchAttribute));
  // Nobody can ever have it, so the run does not wait for them.
  if (usable.length === 0) return { kind: 'failed', why: 'worker-id-too-long' };
  for (const workerId of usable) {
    const found = await graph.findUsers(config.matchAttribute, workerId);
    const [user, ...others] = found.filter(({ value }) => isWorkerId(value, workerId));
    if (found.length === 0) continue;
    // Another spelling may be another person: whose access it is, a person decides.
    if (!user) return { kind: 'failed', why: 'identity-mismatch' };
    if (others.length > 0) return { kind: 'failed', why: 'ambiguous-identity' };
    return { id: user.id, isEnabled: user.accountEnabled !== false };
  }
  return { kind: 'later', afterSeconds: 1, why: 'no-identity' };
}

/** The ids of all accounts that the directory has under any of the person's worker ids, each of which has one account. */
export async function accountsOf(
  { graph, config }: AccountServices,
  workerIds: ReadonlySet<string>,
): Promise<Set<string>> {
  const accounts = new Set<string>();
  for (const workerId of workerIds) {
    if (isTooLong(workerId, config.matchAttribute)) continue;
    const found = await graph.findUsers(config.matchAttribute, workerId);
    const [user] = found.filter(({ value }) => isWorkerId(value, workerId));
    if (user && found.length === 1) accounts.add(user.id);
  }
  return accounts;
}
