/** Writes that a quiet deployment may make at once: what the rate gives in the window of the published limit, less 5 %. */
const WINDOW_SECONDS = 150 * 0.95;
/** What the instances of the stage `prod` can make: docs/operations.md#scale. */
const INSTANCES_WRITE_PER_SECOND = 26;
/** The longest wait between two looks at open requests in bulk. */
const POLL_SECONDS = 30;
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
  const submitSeconds = Math.max(waiting / writesPerSecond, requests / INSTANCES_WRITE_PER_SECOND);
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
