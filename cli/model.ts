import { loadModelBlob, loadModelFile, type LoadedModel } from '../shared/config/load-model';
import { createCredential } from '../shared/config/identity';
import type { AccessModel } from '../shared/domain/access-model/access-model';
import type { Connection } from './connection';
import { CliError, counted, print } from './print';

/** Whether there is no file that could be read, as of a wrong path: any other fault is one of the model. */
const isUnread = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && 'syscall' in error.cause;

/**
 * The access model at a path or an https address of a blob. A faulty one is an error that lists every fault; a file that
 * cannot be read is wrong use, as for any other file that a command is given.
 */
export async function loadModel(place: string): Promise<LoadedModel> {
  try {
    return place.startsWith('https://')
      ? await loadModelBlob(place, createCredential({ managed: false }))
      : loadModelFile(place);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CliError(message, isUnread(error) ? 2 : 1);
  }
}

/** The rules of the app, if this command can read them; else a note that says why they were not checked. */
export async function rulesOf({ accessModel }: Pick<Connection, 'accessModel'>): Promise<{
  model?: AccessModel;
  hash?: string;
  notes: string[];
}> {
  if (accessModel === undefined)
    return {
      notes: ['the rules were not checked: set ACCESS_MODEL to the path or blob URL of the model'],
    };
  try {
    const { model, hash } = await loadModel(accessModel);
    return { model, hash, notes: [] };
  } catch (error) {
    const [why = ''] = error instanceof Error ? error.message.split('\n') : [];
    return { notes: [`the rules were not checked: ${why}`] };
  }
}

/** Prints whether an access model can be used, and its hash as audit rows show it. */
export async function checkModel(place: string, { json }: { json: boolean }): Promise<void> {
  const { model, hash, advice = [] } = await loadModel(place);
  const summary = {
    sound: true,
    hash,
    catalogs: model.catalogs.length,
    accessPackages: model.accessPackages.length,
    birthrights: model.birthrights.length,
    advice,
  };
  print(
    summary,
    json,
    () =>
      `sound: ${counted(summary.catalogs, 'catalog')}, ${counted(summary.accessPackages, 'access package')}, ` +
      `${counted(summary.birthrights, 'birthright')}\nhash ${hash}${advice.map((line) => `\nadvice: ${line}`).join('')}`,
  );
}
