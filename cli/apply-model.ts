import { randomUUID } from 'node:crypto';
import { createCredential } from '../shared/config/identity';
import type { AccessModel } from '../shared/domain/access-model/access-model';
import { sampleFault } from '../shared/domain/access-model/read-access-model';
import { createEntitlements } from '../shared/graph/entitlements';
import { GraphError } from '../shared/graph/errors';
import { isLoopback } from '../shared/loopback';
import { applyTarget, planModel, targetsOf, type Applied } from '../shared/packages/apply-model';
import type { PackageTarget } from '../shared/packages/inspect';
import type { Change } from '../shared/packages/plan';
import { createLimits } from '../shared/storage/limits';
import { createPackages } from '../shared/storage/packages';
import { openTable } from '../shared/storage/table';
import { configOf, type AppSettings } from './connection';
import { askForYes, CliError, isTerminal, print, tableOf, terminalOf, wrap } from './print';
import { graphOptions, printAccount, type SignInOptions } from './graph';
import { loadModel } from './model';

export type ApplyOptions = SignInOptions & {
  yes: boolean;
  json: boolean;
  only: string[];
  model?: string;
};

/** What the person who applies it agrees to when they sign in. */
const SCOPES = ['EntitlementManagement.ReadWrite.All'];

/**
 * Applies the access model to the tenant: shows the changes, and makes them with `yes` or after
 * asking on a terminal. No access is ever removed. Exit code 1 if a package is not complete, also because nothing was changed.
 */
export async function applyModel(app: AppSettings, options: ApplyOptions): Promise<void> {
  const config = configOf(app);
  const { model } = await loadModel(options.model ?? config.accessModel);
  const sample = isLoopback(config.graph.url) ? undefined : sampleFault(model);
  if (sample !== undefined) throw new CliError(sample);
  const targets = selected(model, options.only);
  const table = (name: string) =>
    openTable(config.storage.records, name, createCredential({ managed: false }));
  const reached = graphOptions(config, SCOPES, options);
  await printAccount(reached);
  const services = {
    graph: createEntitlements({ ...reached, throttle: createLimits(table('limits')) }),
    packages: createPackages(table('packages')),
  };

  const changes = await planModel(services, targets).catch((error: unknown) => {
    if (!(error instanceof GraphError)) throw error;
    throw new CliError(`Microsoft Graph did not answer what exists: ${error.message}`);
  });
  if (!options.json) {
    const terminal = terminalOf(process.stdout);
    process.stdout.write(`${wrap(shown(changes), terminal)}\n`);
  }
  let results: Applied[] | undefined;
  if (await isAgreed(changes, options)) {
    results = [];
    const holder = `model-apply-${randomUUID()}`;
    const onWait = (key: string, why: string) => process.stderr.write(`${key}: waiting (${why})\n`);
    for (const target of targets) {
      const { lagSeconds } = config.graph;
      const result = await applyTarget(services, target, { holder, lagSeconds, onWait });
      process.stderr.write(`${result.package}: ${result.outcome}\n`);
      results.push(result);
    }
  }
  const isIdle = changes.every(({ act }) => act === 'nothing');
  if (options.json || results !== undefined || !isIdle)
    print({ changes, applied: results !== undefined, results }, options.json, () => ended(results));
  const isShort = results?.some(({ outcome }) => outcome !== 'complete') ?? !isIdle;
  if (isShort) process.exitCode = 1;
}

function selected(model: AccessModel, only: readonly string[]): PackageTarget[] {
  const keys = model.accessPackages.map(({ key }) => key);
  const unknown = only.find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new CliError(`the model has no package "${unknown}"; it has ${keys.join(', ')}`, 2);
  }
  return targetsOf(model, only);
}

async function isAgreed(changes: readonly Change[], { yes, json }: ApplyOptions): Promise<boolean> {
  if (yes) return true;
  const nothing = changes.every(({ act }) => act === 'nothing' || act === 'refuse');
  if (json || nothing || !isTerminal()) return false;
  return askForYes('Apply these changes?');
}

/** Catalogs and resources are shared by packages and shown once. */
function shown(changes: readonly Change[]): string {
  const lines = changes
    .filter(({ act }) => act !== 'nothing')
    .map(({ package: key, act, part, about, members, why }) => [
      ...(['catalog', 'resource'].includes(part) ? [''] : [key]),
      act,
      part,
      about,
      [...(members ?? []), why ?? ''].filter((text) => text !== '').join(', '),
    ]);
  const once = [...new Map(lines.map((line) => [line.join('\n'), line])).values()];
  if (once.length === 0) return 'nothing to do: every package equals the model';
  return tableOf(['package', 'act', 'part', 'what', 'details'], once);
}

function ended(results: readonly Applied[] | undefined): string {
  if (results === undefined) return '\nnothing was changed; add --yes to apply';
  const rows = results.map((one) => [one.package, one.outcome, one.graphRequestId]);
  return `\n${tableOf(['package', 'outcome', 'Graph request'], rows)}`;
}
