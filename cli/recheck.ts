import { userInfo } from 'node:os';
import { Id } from '../shared/domain/events/event';
import { requestRecheck } from '../shared/events/recheck';
import { openBrakes, openWorkers, type Connection } from './connection';
import { tooManyNumbers } from './person';
import { CliError, print } from './print';
import { replayQueue, withBus } from './service-bus';

export type RecheckOptions = { by?: string; reason: string; json: boolean };

/** Asks the app to plan again for a person, and prints the event that does it. */
export async function recheck(
  connection: Connection,
  workerId: string,
  { by = ownName(), reason, json }: RecheckOptions,
): Promise<void> {
  const stores = { workers: openWorkers(connection), brakes: openBrakes(connection) };
  const now = new Date(connection.now());
  const asked = await withBus(connection, (client) => {
    const { send } = replayQueue(client, connection.queue);
    return requestRecheck(stores, (body) => send(body, {}), { workerId, by, reason }, now);
  }).catch(tooManyNumbers);
  if (!asked) throw new CliError(`no event of the worker ${workerId} is known`);
  print(
    { eventId: asked.id, workerId, by, reason, sent: true },
    json,
    ({ eventId }) => `asked for; "joinery explain ${eventId}" tells what came of it`,
  );
}

/** The name of the account that runs the command. */
export function ownName(): string {
  const { username } = userInfo();
  if (Id.safeParse(username).success) return username;
  throw new CliError('say with --by who asks: the name of your account is no id', 2);
}
