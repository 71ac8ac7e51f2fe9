import { RosterMap, type RosterFault } from '../shared/roster/rows';
import { CliError, counted, shown } from './print';

/** The form of a roster by the name of its file. */
export const formatOf = (file: string): 'json' | 'csv' => (/\.json$/i.test(file) ? 'json' : 'csv');

/** The map of the columns of a roster, out of its file. */
export function readMap(file: string, bytes: Buffer): RosterMap {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    throw new CliError(`${file} is not JSON`, 2);
  }
  const read = RosterMap.safeParse(value);
  if (read.success) return read.data;
  const lines = read.error.issues.map(({ path, message }) =>
    [file, ...path.map((name) => shown(String(name))), message].join(': '),
  );
  throw new CliError(lines.join('\n'), 2);
}

/** Throws, with every fault and where it is, if there is any. */
export function refuse(what: string, file: string, faults: readonly RosterFault[]): void {
  if (faults.length === 0) return;
  const lines = faults.map(({ line, column, rule }) => {
    const where = [
      ...(line === undefined ? [] : [`line ${line}`]),
      ...(column === undefined ? [] : [`"${shown(column)}"`]),
    ];
    return `  ${[file, where.join(', '), `required: ${rule}`].filter((text) => text !== '').join(': ')}`;
  });
  throw new CliError(`${what}: ${counted(faults.length, 'fault')}\n${lines.join('\n')}`, 1, {
    faults,
  });
}
