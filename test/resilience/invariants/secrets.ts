import type { Evidence } from '../evidence';

/** A text that was planted in an event, and the columns (`claims.attributes`) in which it belongs. */
export type Canary = { text: string; belongs: readonly string[] };

/** Canaries are nowhere but in their field: no log, no durable history, no reason of a dead letter, no other column. */
export function secretFaults(evidence: Evidence, canaries: readonly Canary[]): string[] {
  if (canaries.length === 0) return [];
  const places = [...evidence.texts, ...deadLetterTexts(evidence), ...cells(evidence)];
  return canaries.flatMap(({ text, belongs }) =>
    places
      .filter((place) => !belongs.includes(place.place) && place.text.includes(text))
      .map(({ place }) => `canary ${text} in ${place}`),
  );
}

const deadLetterTexts = ({ deadLetters }: Evidence): Evidence['texts'] =>
  deadLetters.map(({ reason }) => ({ place: 'dead letter', text: reason }));

function cells({ tables }: Evidence): Evidence['texts'] {
  return Object.entries(tables).flatMap(([name, rows]) =>
    rows.flatMap((row) =>
      Object.entries(row).map(([column, value]) => ({
        place: `${name}.${column}`,
        text: String(value),
      })),
    ),
  );
}
