import { classify } from '../../graph/classify';

/** The answer to a read by id as a list of one; empty if Graph does not know the id, or this replica not yet. */
export async function ifKnown<Answer>(answer: Promise<Answer>): Promise<Answer[]> {
  try {
    return [await answer];
  } catch (error) {
    const verdict = classify(error);
    if (verdict.kind === 'conflict' && verdict.conflict === 'not-found') return [];
    throw error;
  }
}
