import { z } from 'zod';
import type { AccessModel } from '../shared/domain/access-model/access-model';
import { LifecycleEvent } from '../shared/domain/events/lifecycle-event';
import { canonicalJson } from '../shared/domain/events/keys';
import { readJson } from '../shared/domain/events/raw-json';
import { isDateTime, toUtc } from '../shared/domain/events/time';
import { factOf } from '../shared/domain/lifecycle/fact-of';
import type { Fact } from '../shared/domain/lifecycle/facts';
import { describeIssues, plainIssue } from '../shared/domain/issues';
import { Held } from '../shared/domain/lifecycle/held';
import { planFor } from '../shared/domain/lifecycle/planner';
import { timelineOf } from '../shared/domain/lifecycle/timeline';
import { readBody } from './connection';
import { loadModel } from './model';
import { CliError, print, tableOf, warn } from './print';

export type PlanOptions = {
  events: string;
  held?: string;
  model: string;
  at: Date;
  json: boolean;
};

const MAX_DEPTH = 64;
const INSTANT_RULE = 'an RFC 3339 time with seconds and offset';
const HeldEntry = z.strictObject({
  packageKey: z.string().min(1),
  assignmentId: z.string().optional(),
  whose: Held.shape.whose,
  state: Held.shape.state,
  until: z.string().refine(isDateTime, { error: INSTANT_RULE }).optional(),
});

/**
 * Prints what the planner would do for one person at an instant: the facts of events, held against the rules and against
 * what the person holds. It reads files only and knows nothing of modes, exclusions or limits. Bad input exits with 2.
 */
export async function plan(options: PlanOptions): Promise<void> {
  const model = await modelAt(options.model);
  const facts = await factsIn(options.events);
  const held = options.held === undefined ? [] : await heldIn(options.held, model);
  const timeline = timelineOf(facts, model);
  const result = planFor({ timeline, held, model, at: options.at.getTime() });
  const { wants, steps, stopped, handOff, next } = result;
  const fates = facts.map((fact) => [`${fact.source} ${fact.id}`, timeline.fates.get(fact)]);
  const output = {
    wants: wants.map(({ packageKey, ruleId, until, reason }) => {
      return { packageKey, ruleId, ...untilOf(until), reason };
    }),
    steps: steps.map(({ until, after, ...step }) => ({ ...step, ...untilOf(until), after })),
    stopped,
    handOff,
    next: next === undefined ? null : iso(next),
    fates: Object.fromEntries(fates) as Record<string, string>,
  };
  print(output, options.json, summaryOf);
}

const iso = (instant: number): string => new Date(instant).toISOString();
const untilOf = (until: number | undefined) =>
  until === undefined ? undefined : { until: iso(until) };

async function modelAt(place: string): Promise<AccessModel> {
  try {
    return (await loadModel(place)).model;
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error), 2);
  }
}

/** The facts of a file of events about one person, each once. */
async function factsIn(file: string): Promise<Fact[]> {
  const events = await parsed(file, z.array(LifecycleEvent));
  const known = new Map<string, string>();
  const facts = events.flatMap((event, at) => {
    const fact = factOf(event);
    const text = canonicalJson(fact);
    const same = known.get(fact.hash);
    if (same !== undefined && same !== text) {
      throw new CliError(
        `${file}: [${at}]: ${event.id} of ${event.source} was stated otherwise before`,
        2,
      );
    }
    known.set(fact.hash, text);
    return same === undefined ? [fact] : [];
  });
  const strangers = notJoined(facts);
  if (strangers.length > 0) {
    const names = strangers.join(', ');
    throw new CliError(
      `${file}: events of several people: no previousWorkerId joins ${names} to the first worker`,
      2,
    );
  }
  return facts;
}

/** The worker ids that no `previousWorkerId` joins to the one of the first event, however far. */
function notJoined(facts: readonly Fact[]): string[] {
  const ids = new Set(facts.map(({ workerId }) => workerId));
  const reached = new Set(facts.slice(0, 1).map(({ workerId }) => workerId));
  for (let before = 0; before !== reached.size;) {
    before = reached.size;
    for (const { workerId, previousWorkerId } of facts) {
      if (previousWorkerId === undefined) continue;
      if (reached.has(workerId)) reached.add(previousWorkerId);
      else if (reached.has(previousWorkerId)) reached.add(workerId);
    }
  }
  return [...ids].filter((id) => !reached.has(id));
}

async function heldIn(file: string, { accessPackages }: AccessModel): Promise<Held[]> {
  const entries = await parsed(file, z.array(HeldEntry));
  const keys = accessPackages.map(({ key }) => key);
  warn(
    entries.flatMap(({ packageKey }, at) =>
      keys.includes(packageKey)
        ? []
        : [`${file}: [${at}].packageKey: the model has no package "${packageKey}"`],
    ),
  );
  return entries.map(({ until, ...one }) => ({
    ...one,
    ...(until !== undefined && { until: Date.parse(toUtc(until)) }),
  }));
}

/** The JSON of a file. Every fault is in the error, with its place. */
async function parsed<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const text = (await readBody(file)).toString('utf8').replace(/^\uFEFF/, '');
  // Not JSON.parse: of a member that is given twice, it drops one.
  const read = readJson(text, MAX_DEPTH);
  if (read.kind === 'fault') {
    const { reason, at, path } = read.fault;
    const place = path.length > 0 ? `, in ${path.join('.')}` : '';
    throw new CliError(
      `${file}: line ${text.slice(0, at).split('\n').length}${place}: ${reason}`,
      2,
    );
  }
  const result = schema.safeParse(read.value, { error: plainIssue });
  if (result.success) return result.data;
  const faults = describeIssues(result.error.issues, 'the file');
  throw new CliError(`${file}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`, 2);
}

type Output = {
  wants: { packageKey: string; ruleId: string; until?: string; reason: string }[];
  steps: { action: string; packageKey: string; until?: string; after: string[] }[];
  stopped: { packageKey: string; reason: string }[];
  handOff: string[];
  next: string | null;
  fates: Record<string, string>;
};

function summaryOf({ wants, steps, stopped, handOff, next, fates }: Output): string {
  const list = (title: string, headings: string[], rows: unknown[][]) =>
    `${title}\n${tableOf(headings, rows)}\n`;
  return [
    list(
      'Wanted',
      ['package', 'until', 'why', 'rule'],
      wants.map((one) => [one.packageKey, one.until, one.reason, one.ruleId]),
    ),
    list(
      'Steps',
      ['step', 'package', 'until', 'after'],
      steps.map((one) => [one.action, one.packageKey, one.until, one.after.join(' ')]),
    ),
    list(
      'Stopped',
      ['package', 'why'],
      stopped.map((one) => [one.packageKey, one.reason]),
    ),
    list(
      'Held, but not given by Joinery: for a person to decide',
      ['package'],
      handOff.map((key) => [key]),
    ),
    list('Events', ['event', 'fate'], Object.entries(fates)),
    `Next change: ${next ?? 'none'}`,
  ].join('\n');
}
