import { bytes, sampleEvent, type Sample } from '../../../unit/domain/sample';
import { readIt } from '../judge';

/** `accepted`, or the reason and the field. */
export function verdict(body: unknown): string {
  const read = readIt(body instanceof Uint8Array ? body : bytes(body));
  return read.kind === 'accepted'
    ? 'accepted'
    : [read.reason, read.field].filter(Boolean).join(' ');
}
export const verdicts = (bodies: readonly unknown[]): string[] => [...new Set(bodies.map(verdict))];

export const sample: Sample = sampleEvent();
export const text = JSON.stringify(sample);
/** The sample without a subject, so that the worker may be anybody. */
export const anybody: Sample = { ...sample, subject: undefined };
export const withMember = (members: object) => ({ ...anybody, ...members });
export const withData = (members: object) => ({ ...anybody, data: { ...sample.data, ...members } });
export const withAttributes = (attributes: unknown) => withData({ attributes });
/** A member as JSON text that no JSON.stringify would write. */
export const withText = (member: string) => `{${member},${JSON.stringify(anybody).slice(1)}`;
export const withSequence = (number: string) =>
  text.replace('"sequence":1', `"sequence":${number}`);
/** One value as every id of the message. */
export const asId = (value: unknown) => [
  ...['id', 'subject', 'replayid', 'replayreason', 'replayedby'].map((name) =>
    withMember({ [name]: value }),
  ),
  ...['workerId', 'employmentId'].map((name) => withData({ [name]: value })),
];
export const reasons = (bodies: readonly unknown[]): string[] => [
  ...new Set(bodies.map((body) => verdict(body).split(' ')[0] ?? '')),
];
