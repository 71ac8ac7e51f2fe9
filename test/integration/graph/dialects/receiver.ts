import type { Services } from '../../../../functions/services';
import { GraphError } from '../../../../shared/graph/errors';

type Graph = Services['graph'];
type Fault = { before?: Error; after?: Error };

export const unclear = (): Error =>
  new GraphError('test', { code: 'no-answer-in-time', ambiguous: true });
export const refusal = (status: number, code: string): Error =>
  new GraphError('test', { status, code, ambiguous: false });

/**
 * The operations of a dialect whose client binds and records, over a receiver in memory. `log` has each write that reached
 * it; `hide` makes so many reads of requests or assignments miss them, as an outdated replica does.
 */
export function startReceiver() {
  const requests: { id: string; justification: string; packageId?: string }[] = [];
  const assignments: { id: string; packageId: string; userId: string }[] = [];
  const log: string[] = [];
  const hidden = { requests: 0, assignments: 0 };
  const faults: Record<string, Fault[]> = {};

  const writing = <Answer>(name: string, write: () => Answer): Promise<Answer> => {
    const fault = faults[name]?.shift() ?? {};
    if (fault.before) return Promise.reject(fault.before);
    log.push(name);
    const answer = write();
    return fault.after ? Promise.reject(fault.after) : Promise.resolve(answer);
  };
  const seen = <Item>(kind: keyof typeof hidden, items: Item[]): Item[] =>
    hidden[kind]-- > 0 ? [] : items;
  const asRequest = (request: (typeof requests)[number]) => ({
    ...{
      requestStatus: 'open' as const,
      state: 'Submitted',
      graphRequestId: 'g-1',
      packageId: undefined,
    },
    ...request,
  });

  const graph: Partial<Graph> = {
    findAssignments: (packageId, userId) =>
      Promise.resolve(
        seen('assignments', assignments)
          .filter((one) => one.packageId === packageId && one.userId === userId)
          .map((one) => ({ ...one, assignmentStatus: 'delivered' })) as never,
      ),
    findAssignmentRequests: (_, justification) =>
      Promise.resolve(
        seen('requests', requests)
          .filter((one) => one.justification === justification)
          .map(asRequest) as never,
      ),
    getAssignmentRequest: (id) => {
      const [request] = seen('requests', requests).filter((one) => one.id === id);
      return request
        ? Promise.resolve(asRequest(request) as never)
        : Promise.reject(refusal(404, 'ResourceNotFound'));
    },
    submitAssignmentRequest: ({ justification }) =>
      writing('003', () => {
        const request = { id: `r-${requests.length + 1}`, justification };
        requests.push(request);
        return asRequest(request) as never;
      }),
    bindRequest: (id) =>
      writing('000', () => {
        const request = requests.find((one) => one.id === id);
        if (request) request.packageId = 'p-1';
      }),
    prepareAssignment: ({ packageId, userId }) =>
      Promise.resolve(() =>
        writing('004', () => {
          const assignment = { id: `a-${assignments.length + 1}`, packageId, userId };
          assignments.push(assignment);
          return assignment as never;
        }),
      ),
  };
  return { graph, requests, assignments, log, hidden, faults };
}
