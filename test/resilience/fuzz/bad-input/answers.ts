import { bytesOf, exampleEvent, type EventBody } from '../../../support/events';
import { readBody } from '../evaluate';

/** The intake's answer to a body: `accepted`, or the reason and the field. */
export function answerTo(body: unknown): string {
  const read = readBody(body instanceof Uint8Array ? body : bytesOf(body));
  return read.kind === 'accepted'
    ? 'accepted'
    : [read.reason, read.field].filter(Boolean).join(' ');
}
/** The distinct answers to some bodies. */
export const answersTo = (bodies: readonly unknown[]): string[] => [
  ...new Set(bodies.map(answerTo)),
];

export const sample: EventBody = exampleEvent();
export const text = JSON.stringify(sample);
/** The sample without a subject, so that it fits any worker. */
export const anyWorker: EventBody = { ...sample, subject: undefined };
export const withMember = (members: object) => ({ ...anyWorker, ...members });
export const withData = (members: object) => ({
  ...anyWorker,
  data: { ...sample.data, ...members },
});
export const withAttributes = (attributes: unknown) => withData({ attributes });
/** The sample with a member in JSON text that JSON.stringify would not write. */
export const withText = (member: string) => `{${member},${JSON.stringify(anyWorker).slice(1)}`;
export const withSequence = (number: string) =>
  text.replace('"sequence":1', `"sequence":${number}`);
/** One value as every id of the message. */
export const asId = (value: unknown) => [
  ...['id', 'subject', 'replayid', 'replayreason', 'replayedby'].map((name) =>
    withMember({ [name]: value }),
  ),
  ...['workerId', 'employmentId'].map((name) => withData({ [name]: value })),
];
/** The distinct reasons for which bodies are rejected, without the fields. */
export const reasons = (bodies: readonly unknown[]): string[] => [
  ...new Set(bodies.map((body) => answerTo(body).split(' ')[0] ?? '')),
];
