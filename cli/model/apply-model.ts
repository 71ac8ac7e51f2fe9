import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import type { AccessModel } from '../../shared/domain/access-model/access-model';
import { packageDefinition } from '../../shared/domain/access-model/package-definition';
import type { WantedPackage } from '../../shared/packages/ensure/ensuring';
import { GraphError } from '../../shared/graph/errors';
import {
  createEntitlements,
  type Entitlements,
  type EntitlementsOptions,
} from '../../shared/graph/entitlements';
import { createLimits } from '../../shared/storage/limits';
import { createPackages, type Packages } from '../../shared/storage/packages';
import { openTable } from '../../shared/storage/table';
import { accountOf, describeAccount } from '../../shared/config/account';
import { createCredential } from '../../shared/config/credential';
import type { AppSettings } from '../app-settings';
import { Complaint } from '../connection';
import { configOf, graphOptions, SIGN_IN, type SignInOptions } from '../graph';
import { loadModel } from '../model';
import { print, tableOf } from '../print';
import { applyPackage, type Applied } from './apply-package';
import { changesOf, isRefused, type Change } from './plan';
import { surveyPackage } from './survey';

export type ApplyOptions = SignInOptions & {
  yes: boolean;
  json: boolean;
  only: string[];
  model?: string;
};

const PATIENCE_MS = 5 * 60_000;
/** What the person who applies it agrees to when they sign in. */
const SCOPES = ['EntitlementManagement.ReadWrite.All'];

/**
 * Brings the access model into the tenant: shows what would be made and changed, and does it with `yes` or after asking
 * on a terminal. No access is ever removed. Exit code 1 if a package did not become whole or, in a plan, is refused.
 */
export async function applyModel(app: AppSettings, options: ApplyOptions): Promise<void> {
  const config = configOf(app);
  const { model } = await loadModel(options.model ?? config.accessModel);
  const wanted = selected(model, options.only);
  const table = (name: string) =>
    openTable(config.storage.records, name, createCredential({ managed: false }));
  const packages = createPackages(table('packages'));
  const reached = graphOptions(config, SCOPES, options);
  await tellAccount(reached);
  const graph = createEntitlements({ ...reached, throttle: createLimits(table('limits')) });

  const keys = new Set(wanted.map(({ accessPackage }) => accessPackage.key));
  const changes = await planAll(graph, packages, wanted, keys);
  if (!options.json) process.stdout.write(`${shown(changes)}\n`);
  const results = (await isAgreed(changes, options))
    ? await applyAll(wanted, {
        graph,
        packages,
        holder: `model-apply-${randomUUID()}`,
        lagSeconds: config.graph.lagSeconds,
        selected: keys,
        patienceMs: PATIENCE_MS,
        waiting: (key, why) => process.stderr.write(`${key}: waiting (${why})\n`),
      })
    : undefined;
  const idle = changes.every(({ act }) => act === 'nothing');
  if (options.json || results !== undefined || !idle)
    print({ changes, applied: results !== undefined, results }, options.json, () => ended(results));
  const short = results?.some(({ outcome }) => outcome !== 'whole') ?? isRefused(changes);
  if (short) process.exitCode = 1;
}

async function tellAccount({ credential, scope = '' }: EntitlementsOptions): Promise<void> {
  if (!credential) return;
  const account = await accountOf(credential, scope).catch((error: unknown) => {
    const why = error instanceof Error ? error.name : 'unknown';
    throw new Complaint(`nobody is signed in to Graph (${why}): ${SIGN_IN}`);
  });
  process.stderr.write(`to Graph as ${describeAccount(account)}\n`);
}

function selected(model: AccessModel, only: readonly string[]): WantedPackage[] {
  const keys = model.accessPackages.map(({ key }) => key);
  const unknown = only.find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new Complaint(`the model has no package "${unknown}"; it has ${keys.join(', ')}`, 2);
  }
  return keys
    .filter((key) => only.length === 0 || only.includes(key))
    .flatMap((key) => packageDefinition(model, key) ?? [])
    .map((definition) => ({ ...definition, catalogs: model.catalogs }));
}

async function planAll(
  graph: Entitlements,
  packages: Packages,
  wanted: readonly WantedPackage[],
  keys: ReadonlySet<string>,
): Promise<Change[]> {
  const changes: Change[] = [];
  try {
    for (const one of wanted) {
      const memory = packages.memory(one.catalog.key, one.accessPackage.key);
      changes.push(...changesOf(await surveyPackage(graph, one, memory), keys));
    }
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new Complaint(`Microsoft Graph does not tell what is there: ${error.message}`);
  }
  return changes;
}

type Applying = Parameters<typeof applyPackage>[0];

async function applyAll(wanted: readonly WantedPackage[], applying: Applying): Promise<Applied[]> {
  const results: Applied[] = [];
  for (const one of wanted) {
    const result = await applyPackage(applying, one);
    process.stderr.write(`${result.package}: ${result.outcome}\n`);
    results.push(result);
  }
  return results;
}

async function isAgreed(changes: readonly Change[], { yes, json }: ApplyOptions): Promise<boolean> {
  if (yes) return true;
  const nothing = changes.every(({ act }) => act === 'nothing' || act === 'refuse');
  if (json || nothing || !process.stdin.isTTY || !process.stdout.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Do it? Only "yes" does: ');
  terminal.close();
  return answer.trim() === 'yes';
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
  return tableOf(['package', 'act', 'part', 'what', 'of it'], once);
}

function ended(results: readonly Applied[] | undefined): string {
  if (results === undefined) return '\nnothing was done; --yes does it';
  const rows = results.map((one) => [one.package, one.outcome, one.graphRequestId]);
  return `\n${tableOf(['package', 'outcome', 'Graph request'], rows)}`;
}
