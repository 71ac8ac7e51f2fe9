import { join } from 'node:path';
import { dataDir, portFrom, projectRoot, runService } from '../stack/service';
import { type DraftRoots, readDraftRoots } from './draft/routes';
import { readFaultFile } from './http/faults';
import { TenantLimit } from './http/tenant-limits';
import { startGraph } from './server';
import { usualSettings } from './settings';

const text = (setting: string): string | undefined => {
  const value = process.env[setting];
  return value === '' ? undefined : value;
};

function number(setting: string, fallback: number): number {
  const value = Number(text(setting) ?? fallback);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new Error(`${setting} must be a whole number from 0, but is "${text(setting) ?? ''}"`);
}

function flag(setting: string, fallback: boolean): boolean {
  const value = text(setting);
  if (value === undefined) return fallback;
  if (value === '1' || value === '0') return value === '1';
  throw new Error(`${setting} must be 1 or 0, but is "${value}"`);
}

/** One of some words, by the first setting that is there; the first word if none is. */
function choice<Word extends string>(settings: string[], words: readonly [Word, ...Word[]]): Word {
  const setting = settings.find((name) => text(name) !== undefined);
  const value = setting === undefined ? words[0] : text(setting);
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  throw new Error(`${setting ?? ''} must be ${words.join(' or ')}, but is "${value ?? ''}"`);
}

function tenantLimit(): TenantLimit {
  const value = text('GRAPH_TENANT_LIMIT') ?? usualSettings.tenantLimit;
  const read = TenantLimit.safeParse(value);
  if (read.success) return read.data;
  throw new Error(`GRAPH_TENANT_LIMIT ${read.error.issues[0]?.message ?? ''}, but is "${value}"`);
}

/** v1.0 and beta are always served, the routes of the draft documents only with GRAPH_DIALECT=draft. */
function draftRoots(): DraftRoots | undefined {
  const dialect = text('GRAPH_DIALECT') ?? 'v1.0';
  if (!['v1.0', 'beta', 'draft'].includes(dialect)) {
    throw new Error(`GRAPH_DIALECT must be v1.0, beta or draft, but is "${dialect}"`);
  }
  return dialect === 'draft' ? readDraftRoots(text('GRAPH_DRAFT_ROOTS') ?? '') : undefined;
}

void runService('graph', async () => {
  const faultFile = text('GRAPH_FAULTS');
  const graph = await startGraph({
    port: portFrom('GRAPH_PORT', 7080),
    dataDir: dataDir(),
    tenantFile: text('GRAPH_TENANT') ?? join(projectRoot(), 'infra/local/graph/tenant.json'),
    seed: number('GRAPH_SEED', usualSettings.seed),
    lagMs: number('GRAPH_LAG_MS', usualSettings.lagMs),
    deliveryMs: number('GRAPH_DELIVERY_MS', usualSettings.deliveryMs),
    policyMs: number('GRAPH_POLICY_MS', usualSettings.policyMs),
    pageSize: Math.max(1, number('GRAPH_PAGE_SIZE', usualSettings.pageSize)),
    requireToken: flag('GRAPH_REQUIRE_TOKEN', usualSettings.requireToken),
    uniqueNames: flag('GRAPH_UNIQUE_NAMES', usualSettings.uniqueNames),
    draftRoots: draftRoots(),
    draftMembers: choice(['GRAPH_EXPECT_MEMBERS', 'GRAPH_DRAFT_MEMBERS'], ['example', 'table']),
    draftNulls: choice(['GRAPH_EXPECT_NULLS'], ['accept', 'refuse']),
    faults: faultFile === undefined ? [] : readFaultFile(faultFile),
    tenantLimit: tenantLimit(),
  });
  return { address: { url: graph.url }, stop: graph.stop };
});
