import {
  applyOp,
  parseCommit,
  type Instances,
} from '../../../infra/local/functions-host/durable/store/state';

/** An execution begins with an event of its own, and one that continues as new ends with two that the local host does not keep. */
const [BEGIN, RENEWAL] = [1, 2];

/** The most events that the history of an instance had in one generation, by the journal of the local host. */
export function mostEventsOf(journal: string, instanceId: string): number {
  const instances: Instances = new Map();
  let most = 0;
  // The last line may still be written.
  for (const line of journal.split('\n').slice(0, -1)) {
    for (const op of parseCommit(line)) {
      const before = instances.get(instanceId)?.history.eventCount ?? 0;
      if ((op.op === 'turn' || op.op === 'renew') && op.id === instanceId) {
        const added = op.op === 'turn' ? op.events.length : RENEWAL;
        most = Math.max(most, before + BEGIN + op.taken + added);
      }
      applyOp(instances, op);
    }
  }
  return most;
}
