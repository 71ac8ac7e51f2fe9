import type { Brake, HeldPerson } from '../shared/storage/removal-rows';
import { openBrakes, type Connection } from './connection';
import { CliError, counted, print, tableOf } from './print';

type HeldBrake = Pick<Brake, 'id' | 'kind' | 'trippedAt' | 'counted'> & { people: HeldPerson[] };

/** Lists the brakes that are open, and everybody whose removals wait under each. */
export async function held(connection: Connection, { json }: { json: boolean }): Promise<void> {
  const brakes = openBrakes(connection);
  const found: HeldBrake[] = [];
  for (const brake of await brakes.open()) {
    const { id, kind, trippedAt, counted: atLeast } = brake;
    const people: HeldPerson[] = [];
    for await (const page of brakes.waitingUnder(brake)) people.push(...page);
    found.push({ id, kind, trippedAt, counted: atLeast, people });
  }
  print({ brakes: found }, json, () => textOf(found));
}

function textOf(brakes: readonly HeldBrake[]): string {
  if (brakes.length === 0) return 'no removal is held by a brake';
  return brakes
    .map(({ id, trippedAt, people }) => {
      const rows = people.map(({ person, packages, objectIds, since }) => [
        ...[person, packages.join(', '), objectIds.join(', '), since],
      ]);
      return [
        `brake ${id}, tripped at ${trippedAt}: ${counted(people.length, 'person waits', 'people wait')}`,
        tableOf(['worker', 'would lose', 'in the account', 'since'], rows),
        `next: joinery release ${id} --by <who> --reason <code>, or joinery discard ${id} ...`,
      ].join('\n');
    })
    .join('\n\n');
}

export type CloseOptions = { by: string; reason: string; json: boolean };

/** Releases or discards a brake and tells for how many people. A brake that is closed already is an error. */
export async function closeBrake(
  connection: Connection,
  id: string,
  state: 'released' | 'discarded',
  { by, reason, json }: CloseOptions,
): Promise<void> {
  const brakes = openBrakes(connection);
  const answer = await brakes.close(id, {
    state,
    by,
    reason,
    at: new Date(connection.now()).toISOString(),
  });
  if (answer === undefined)
    throw new CliError(`there is no brake ${id}; "joinery held" lists those that are open`);
  const { brake, isClosed } = answer;
  if (!isClosed) {
    const { by: who = '', reason: why = '', closedAt = '' } = brake;
    throw new CliError(`brake ${id} was ${brake.state} by ${who} (${why}) at ${closedAt}`);
  }
  let people = 0;
  for await (const page of brakes.waitingUnder(brake)) people += page.length;
  // A run that is held looks whether it may go on.
  const when = 'within a quarter of an hour';
  print({ brake: id, state, by, reason, people }, json, () =>
    state === 'released'
      ? `released: the removals of ${counted(people, 'person', 'people')} are carried out ${when}`
      : `discarded: ${counted(people, 'person keeps', 'people keep')} what they have, until something else is stated of ` +
        `them; their runs notice it ${when}`,
  );
}
