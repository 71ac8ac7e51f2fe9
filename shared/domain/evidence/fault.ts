import { z } from 'zod';

/** What was done to rows, a chain or a seal. The first of a list of faults is the first bad row. */
export const FaultCode = z.enum([
  'row-changed',
  'row-missing',
  'row-inserted',
  'rows-swapped',
  'chain-truncated',
  'chain-forked',
  'attempt-missing',
  'event-missing',
  'hour-missing',
  'claim-missing',
  'claim-differs',
  'index-missing',
  'not-sealed',
  'seal-changed',
  'seal-forked',
  'seals-behind',
  'removal-invalid',
]);
export type FaultCode = z.infer<typeof FaultCode>;

/** One fault, and the place of its first bad row. Members that do not apply, or are not known, are absent. */
export const Fault = z.strictObject({
  code: FaultCode,
  /** Its CloudEvents id; only its hash is known where all its rows are gone. */
  event: z.string().optional(),
  eventHash: z.string().optional(),
  /** Of a refused body. */
  bodyHash: z.string().optional(),
  worker: z.string().optional(),
  attempt: z.number().int().optional(),
  seq: z.number().int().optional(),
  /** Of a seal. */
  hour: z.string().optional(),
  /** What shows it, in plain words. */
  text: z.string(),
});
export type Fault = z.infer<typeof Fault>;

/** One line for people: the code, where, and what shows it. */
export function faultText({ code, text, ...fault }: Fault): string {
  const { event, eventHash, bodyHash, worker, attempt, seq, hour } = fault;
  const subject = event ?? (eventHash && `event ${eventHash.slice(0, 12)}`);
  const places = [
    ...(hour === undefined ? [] : [`hour ${hour}`]),
    ...(subject === undefined ? [] : [subject]),
    ...(bodyHash === undefined ? [] : [`body ${bodyHash.slice(0, 12)}`]),
    ...(worker === undefined ? [] : [`worker ${worker}`]),
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    ...(seq === undefined ? [] : [`seq ${seq}`]),
  ];
  return [code, ...(places.length > 0 ? [places.join(', ')] : []), text].join(': ');
}
