/** Writes that a quiet deployment may make at once: what the rate gives in the window of the published limit, less 5 %. */
const WINDOW_SECONDS = 150 * 0.95;
/** A request of a bulk is asked for each 30 seconds at first, and the list that answers may be 30 seconds old. */
const POLL_SECONDS = 60;
/** What the instances of `prod` can make, where an activity takes 0.4 seconds: docs/operations.md#scale. */
export const WRITES_PER_SECOND_OF_PROD = 26;
/** Measured calls in bulk: docs/performance.md. */
const CALLS = { find: 0.1, look: 1, submit: 1, poll: 0.3 };

export type Bulk = {
  people: number;
  /** Packages that each of them gets. */
  packages: number;
  /** Writes to Graph a second (`GRAPH_WRITE_RATE`). */
  writesPerSecond: number;
  /** How long Entra takes to deliver a request. */
  deliverySeconds: number;
  /** Requests that the tenant may make in three months (`ENTRA_REQUESTS`). */
  requestsPerQuarter: number;
};

/** How long it takes until so many people have their access, and what that costs in calls to Graph. Pure. */
export function estimateBulk(bulk: Bulk) {
  const { people, packages, writesPerSecond, deliverySeconds, requestsPerQuarter } = bulk;
  const requests = people * packages;
  const waiting = Math.max(0, requests - WINDOW_SECONDS * writesPerSecond);
  const submitSeconds = waiting / writesPerSecond;
  const { find, look, submit, poll } = CALLS;
  return {
    requests,
    submitMinutes: toTenths(submitSeconds / 60),
    minutes: toTenths((submitSeconds + deliverySeconds + POLL_SECONDS) / 60),
    graphCalls: Math.round(people * (find + look) + requests * (submit + poll)),
    percentOfQuarter: toTenths((100 * requests) / requestsPerQuarter),
  };
}

const toTenths = (value: number): number => Math.ceil(value * 10) / 10;
