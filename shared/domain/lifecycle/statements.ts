import {
  canonical,
  statedAfter,
  statedLast,
  statedLater,
  type Content,
  type Fact,
  type Fate,
  type Revision,
} from './facts';

/**
 * A content that holds. `fact` is the event that states it: the correction where one took effect, else `root` itself, the
 * event that was corrected. The content applies to the employment and zone of `fact`.
 */
export type Statement = { fact: Fact; root: Fact; content: Content };

/**
 * Which contents hold after corrections, rescissions and snapshots, and what became of every fact; a function of the set.
 *
 * A revision reaches a fact only if the fact was not stated later. Of several revisions the one stated last takes effect;
 * a revision can be revised itself. A snapshot replaces what its source stated before it; a correction stated after the
 * snapshot is a new statement and holds, even of a fact that the snapshot replaced.
 */
export function statementsOf(facts: Iterable<Fact>): {
  statements: Statement[];
  fates: Map<Fact, Fate>;
} {
  const all = canonical(facts);
  const replaced = replacedBySnapshots(all);
  const alive = all.filter((fact) => !replaced.has(fact));
  const fates = new Map<Fact, Fate>();
  for (const fact of all) fates.set(fact, replaced.has(fact) ? 'superseded' : 'ignored');
  for (const fact of all) markRevisions(fact, alive, replaced.has(fact), fates);

  const holding = all.flatMap((root): Statement[] => {
    const fact = isRevision(root.states) ? undefined : effective(root, alive);
    const content = fact === undefined ? undefined : contentOf(fact);
    if (fact === undefined || content === undefined || replaced.has(fact)) return [];
    return [{ fact, root, content }];
  });
  const statements = withoutRescindedStarts(holding, alive, fates);
  for (const { fact } of statements) fates.set(fact, 'current');
  return { statements, fates };
}

const isRevision = (states: Content | Revision): states is Revision =>
  states.kind === 'corrected' || states.kind === 'rescinded';

const contentOf = ({ states }: Fact): Content | undefined => {
  if (states.kind === 'corrected') return states.content;
  return states.kind === 'rescinded' ? undefined : states;
};

/** Per source, everything stated before its last snapshot that holds. */
function replacedBySnapshots(all: Fact[]): Set<Fact> {
  const replaced = new Set<Fact>();
  for (const source of new Set(all.map((fact) => fact.source))) {
    const own = all.filter((fact) => fact.source === source);
    const holding = own.filter(
      (fact) => fact.states.kind === 'snapshot' && effective(fact, all) !== undefined,
    );
    const last = statedLast(holding);
    if (last === undefined) continue;
    for (const fact of own) if (fact !== last && !statedAfter(fact, last)) replaced.add(fact);
  }
  return replaced;
}

/** The revisions that refer to a fact and reach it, without those that are rescinded themselves. `path` ends circles. */
function revisionsOf(target: Fact, alive: Fact[], path: Fact[]): Fact[] {
  return alive.filter((fact) => {
    const { states } = fact;
    if (!isRevision(states) || !('revises' in states) || [...path, target].includes(fact))
      return false;
    const { source, id } = states.revises;
    if (source !== target.source || id !== target.id || statedLater(target, fact)) return false;
    if (states.kind === 'corrected' && contentOf(target)?.kind !== states.content.kind)
      return false;
    return effective(fact, alive, [...path, target]) !== undefined;
  });
}

/** What holds in place of a fact: itself, its last correction, or nothing. */
function effective(target: Fact, alive: Fact[], path: Fact[] = []): Fact | undefined {
  const last = statedLast(revisionsOf(target, alive, path));
  if (last === undefined) return target;
  return last.states.kind === 'rescinded' ? undefined : effective(last, alive, [...path, target]);
}

function markRevisions(target: Fact, alive: Fact[], gone: boolean, fates: Map<Fact, Fate>): void {
  const revisions = revisionsOf(target, alive, []);
  const last = statedLast(revisions);
  const rescinded = last?.states.kind === 'rescinded';
  if (last === undefined || (rescinded && gone)) return;
  fates.set(target, rescinded ? 'rescinded' : 'corrected');
  for (const fact of revisions) {
    if (fact === last) raise(fates, fact, 'current');
    else if (rescinded && fact.states.kind === 'corrected') rescindChain(fact, alive, fates);
    else raise(fates, fact, 'superseded');
  }
}

/** A revision may be marked for its target before or after it is marked as a target itself, which counts more. */
function raise(fates: Map<Fact, Fate>, fact: Fact, fate: 'current' | 'superseded'): void {
  const known = fates.get(fact);
  if (known === 'ignored' || (known === 'superseded' && fate === 'current')) fates.set(fact, fate);
}

function rescindChain(fact: Fact, alive: Fact[], fates: Map<Fact, Fate>, path: Fact[] = []): void {
  fates.set(fact, 'rescinded');
  for (const revision of revisionsOf(fact, alive, path)) {
    rescindChain(revision, alive, fates, [...path, fact]);
  }
}

/** Applies the rescissions that name an employment and a start date instead of an event. */
function withoutRescindedStarts(
  statements: Statement[],
  alive: Fact[],
  fates: Map<Fact, Fate>,
): Statement[] {
  const rescissions = alive.filter(
    (fact) => 'startDate' in fact.states && fact.states.kind === 'rescinded',
  );
  let kept = statements;
  for (const rescission of rescissions) {
    if (effective(rescission, alive) === undefined) continue;
    const named = kept.filter((statement) => startsOn(statement, rescission));
    const reached = named.filter(({ fact }) => !statedLater(fact, rescission));
    for (const { fact, root } of reached) {
      fates.set(root, 'rescinded');
      fates.set(fact, 'rescinded');
    }
    if (reached.length > 0) raise(fates, rescission, 'current');
    else if (named.some(({ root }) => !statedLater(root, rescission))) {
      raise(fates, rescission, 'superseded');
    }
    kept = kept.filter((statement) => !reached.includes(statement));
  }
  return kept;
}

/** A corrected start is known by its new date and by the date of the event that was corrected. */
function startsOn({ fact, root, content }: Statement, rescission: Fact): boolean {
  if (!('startDate' in rescission.states) || content.kind !== 'joined') return false;
  if (fact.workerId !== rescission.workerId || fact.employmentId !== rescission.employmentId) {
    return false;
  }
  const { startDate } = rescission.states;
  const first = contentOf(root);
  return (
    content.startDate === startDate || (first?.kind === 'joined' && first.startDate === startDate)
  );
}
