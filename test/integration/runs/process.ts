import type { Table } from '../../../shared/storage/storage-port';
import type { Services } from '../../../functions/services';
import type { Config } from '../../../shared/config/config';
import { hostOf, servicesOver } from '../../support/call-activity';
import type { Storage } from '../../support/storage';
import type { Simulator } from '../../support/simulator';

/** The point at which a process dies: before or after its nth write to a table, message or report, counted from 0. */
export type Death = { write: number; side: 'before' | 'after' };

/** The activities in a new process, with its own connections and empty memory. */
export type Process = {
  host: ReturnType<typeof hostOf>;
  services: ReturnType<typeof servicesOver>;
  /** Resolves when it dies. Its current work then stops without cleaning up. */
  died: Promise<'died'>;
  /** Its writes to tables and its messages so far. */
  writes: () => readonly string[];
};

type Model = ReturnType<Services['model']>['model'];
/** What a test changes in the sample model. */
export type ChangeModel = (sample: Model) => Model;

/** Settings that a test changes. */
type Changes = {
  timeouts?: Partial<Config['timeouts']>;
  removals?: Partial<Config['removals']>;
  reconcile?: Partial<Config['reconcile']>;
  exclusions?: ReturnType<Services['exclusions']>;
  /** What happens to the messages that it sends; nothing unless given. */
  send?: Services['send'];
  /** The container of the reports, and how one is written into it; none unless given. */
  reports?: { url: string; write: Services['writeReport'] };
};

const never = (): Promise<never> => new Promise(() => undefined);

export function startProcess(
  storage: Storage,
  { graph, model }: Pick<Simulator, 'graph'> & { model?: ChangeModel | undefined },
  death?: Death,
  { timeouts = {}, removals = {}, reconcile = {}, exclusions, send, reports }: Changes = {},
): Process {
  const writes: string[] = [];
  let isDead = false;
  let die: (how: 'died') => void = () => undefined;
  const died = new Promise<'died'>((resolve) => (die = resolve));
  const ifAlive = <T>(act: () => Promise<T>): Promise<T> => (isDead ? never() : act());
  const write = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    if (isDead) return never();
    const isLast = death?.write === writes.push(what) - 1;
    if (isLast && death.side === 'before') return end();
    const answer = await act();
    return isLast ? end() : ifAlive(() => Promise.resolve(answer));
  };
  const end = (): Promise<never> => {
    isDead = true;
    die('died');
    return never();
  };
  const table = (name: string): Table => {
    const real = storage.table(name);
    return {
      read: (...at) => ifAlive(() => real.read(...at)),
      list: (...range) => ifAlive(() => real.list(...range)),
      scan: (range) => real.scan(range),
      insert: (...row) => write(`insert ${name} ${row[1]}`, () => real.insert(...row)),
      writeAll: (...rows) =>
        write(`write ${name} ${rows[1].map(({ key }) => key).join(' ')}`, () =>
          real.writeAll(...rows),
        ),
      replace: (...row) => write(`replace ${name} ${row[1]}`, () => real.replace(...row)),
      remove: (...at) => write(`remove ${name}`, () => real.remove(...at)),
    };
  };
  type Verb = (...input: never[]) => Promise<unknown>;
  const verbs = Object.entries(graph).map(([name, member]: [string, unknown]) => [
    name,
    typeof member === 'function'
      ? (...input: never[]) => ifAlive(() => (member as Verb)(...input))
      : member,
  ]);
  const built = servicesOver({ ...storage, table }, Object.fromEntries(verbs) as typeof graph);
  const { config } = built;
  const services = {
    ...built,
    ...(exclusions && { exclusions: () => exclusions }),
    send: (body: Uint8Array) => write('send', () => (send ?? built.send)(body)),
    writeReport: (...report: Parameters<Services['writeReport']>) =>
      write('report', () => (reports?.write ?? built.writeReport)(...report)),
    ...(model && { model: () => ({ ...built.model(), model: model(built.model().model) }) }),
    config: {
      ...config,
      reconcile: { ...config.reconcile, ...reconcile, ...(reports && { reports: reports.url }) },
      graph: { ...config.graph, lagSeconds: 0.01 },
      timeouts: { ...config.timeouts, ...timeouts },
      removals: { ...config.removals, ...removals },
    },
  };
  return { host: hostOf(services), services, died, writes: () => writes };
}
