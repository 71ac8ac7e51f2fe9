import type { ReplayMarks } from '../../shared/domain/events/event';
import { readEvent } from '../../shared/domain/events/read-event';
import { whyNoReplay } from '../../shared/domain/workflow/claim';
import type { Claims } from '../../shared/storage/claims';

/** What the intake would make of a body that is sent again, and what is known of the event. */
export type Judgement = {
  eventId: string | undefined;
  /** `send` the copy; only `complete` the letter, whose copy has arrived; or `leave` it. */
  action: 'send' | 'complete' | 'leave';
  why: string;
  /** The attempt that a copy begins. */
  attempt?: number;
  /** Why the event needs a replay, as far as it is recorded: codes. */
  causes: string[];
};

export type Records = {
  claims: Claims;
  refusalOf: (bodyHash: string) => Promise<string | undefined>;
};

/** Judges by the app's own rules, so that a preview says what will happen. `attempts`: the most that an event may have. */
export async function judge(
  { claims, refusalOf }: Records,
  body: Uint8Array,
  marks: ReplayMarks,
  { sources, attempts }: { sources: string[]; attempts: number },
): Promise<Judgement> {
  const read = readEvent(body, { sources });
  const [refused] = (await refusalOf(read.bodyHash))?.split(':') ?? [];
  const causes = refused ? [refused] : [];
  if (read.kind === 'rejected') {
    const why = `would be refused: ${read.reason}`;
    return { eventId: read.eventId, action: 'leave', why, causes: [...causes, read.reason] };
  }
  const eventId = read.event.id;
  const claim = await claims.read(read.eventHash);
  if (!claim) return { eventId, action: 'send', why: 'never accepted', attempt: 1, causes };
  causes.push(...[claim.outcome, claim.reason].filter((code) => code !== undefined));
  const leave = (why: string): Judgement => ({ eventId, action: 'leave', why, causes });
  if (claim.contentHash !== read.contentHash) return leave('would be refused: id-reused');
  const { outcome = 'closed', attempt } = claim;
  switch (whyNoReplay(claim, marks)) {
    case 'seen':
      return { eventId, action: 'complete', why: 'its copy was accepted before', causes };
    case 'open':
      return leave(`under way: ${claim.state}`);
    case 'final':
      return leave(`ended as ${outcome}, which is never run again`);
    case 'worn-out':
      return leave(`had ${attempt} attempts`);
    case undefined:
      if (attempt >= attempts) return leave(`had ${attempt} attempts; see --attempts`);
      return { eventId, action: 'send', why: `ended as ${outcome}`, attempt: attempt + 1, causes };
  }
}
