import { writeFileSync } from 'node:fs';
import { readAccessModel } from '../shared/domain/access-model/read-access-model';
import { createEntitlements } from '../shared/graph/entitlements';
import { GraphError } from '../shared/graph/errors';
import { importCatalog, lineOf, NotImported } from '../shared/packages/import-model';
import { configOf, type AppSettings } from './connection';
import { graphOptions, printAccount, type SignInOptions } from './graph';
import { CliError, counted, print, warn } from './print';

export type ImportOptions = SignInOptions & { catalog: string; out?: string; json: boolean };

/** What the person who imports agrees to when they sign in: reads alone. */
const SCOPES = ['EntitlementManagement.Read.All'];

/**
 * Writes the access model of a catalog to a file or to standard output, and what a model cannot say of it to standard
 * error. Never writes over a file.
 */
export async function importModel(app: AppSettings, options: ImportOptions): Promise<void> {
  const { catalog, out, json } = options;
  const reached = graphOptions(configOf(app), SCOPES, options);
  await printAccount(reached);
  const onWait = (why: string) => process.stderr.write(`waiting (${why})\n`);
  const imported = await importCatalog(createEntitlements(reached), catalog, onWait).catch(
    (error: unknown) => {
      if (error instanceof NotImported) throw new CliError(error.message);
      if (!(error instanceof GraphError)) throw error;
      throw new CliError(`Microsoft Graph did not answer what exists: ${error.message}`);
    },
  );
  const { model, notes } = imported;
  const text = JSON.stringify(model, null, 2);
  const read = readAccessModel(text);
  if (read.kind === 'faults')
    throw new CliError(`the imported model has faults:\n${read.faults.join('\n')}`);
  if (out !== undefined) write(out, text);
  if (!json) warn(notes.map(lineOf));
  const { length } = model.accessPackages;
  if (out === undefined && !json) process.stdout.write(`${text}\n`);
  else
    print(
      { model, ...(out !== undefined && { file: out }), notes },
      json,
      () =>
        `${out}: ${counted(length, 'access package')}; its rules give nothing to anybody until you say who gets what`,
    );
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, `${text}\n`, { flag: 'wx' });
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CliError(`cannot write ${file}: ${code === 'EEXIST' ? 'it exists' : code}`, 2);
  }
}
