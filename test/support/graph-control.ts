/** One request that the Graph simulator has answered; `status` is null if its operation never ran. */
export type GraphCall = {
  n: number;
  at: string;
  method: string;
  path: string;
  status: number | null;
  fault?: object;
};

/** The requests that the simulator at `graphUrl` has received after number `since`, in order. */
export async function graphCalls(graphUrl: string, since = 0): Promise<GraphCall[]> {
  const answer = await fetch(`${graphUrl}/_control/requests?since=${since}`);
  return ((await answer.json()) as { value: GraphCall[] }).value;
}

/** Plans faults, in the form that the simulator's README describes. Throws if the simulator refuses them. */
export async function injectGraphFaults(graphUrl: string, rules: object[]): Promise<void> {
  const answer = await fetch(`${graphUrl}/_control/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(rules),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
