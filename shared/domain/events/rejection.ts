import { z } from 'zod';

/** Why a message is refused. The codes are part of the event contract; docs/event-contract.md explains each. */
export const RejectionReason = z.enum([
  'empty',
  'too-large',
  'byte-order-mark',
  'not-utf8',
  'not-json',
  'too-deep',
  'duplicate-key',
  'forbidden-key',
  'lone-surrogate',
  'not-an-object',
  'missing-member',
  'wrong-type',
  'unsupported-version',
  'unsupported-type',
  'invalid-source',
  'source-not-listed',
  'invalid-id',
  'invalid-time',
  'subject-mismatch',
  'invalid-sequence',
  'invalid-date',
  'end-before-start',
  'not-exactly-one',
  'invalid-spans',
  'invalid-time-zone',
  'invalid-attributes',
  'invalid-datacontenttype',
]);
export type RejectionReason = z.infer<typeof RejectionReason>;

/** What is wrong and where. It contains no value that the sender wrote, so it may be logged and stored. */
export type Fault = {
  reason: RejectionReason;
  /** Dotted path, such as `data.startDate`; a name outside the contract is shown as `*`. */
  field?: string;
  /** What the contract requires there. */
  rule: string;
};

const reasons = new Map<string, RejectionReason>([
  ['specversion', 'unsupported-version'],
  ['type', 'unsupported-type'],
  ['source', 'invalid-source'],
  ['id', 'invalid-id'],
  ['time', 'invalid-time'],
  ['subject', 'invalid-id'],
  ['datacontenttype', 'invalid-datacontenttype'],
  ['replayid', 'invalid-id'],
  ['replayreason', 'invalid-id'],
  ['replayedby', 'invalid-id'],
  ['data', 'wrong-type'],
  ['data.workerId', 'invalid-id'],
  ['data.employmentId', 'invalid-id'],
  ['data.sequence', 'invalid-sequence'],
  ['data.startDate', 'invalid-date'],
  ['data.effectiveDate', 'invalid-date'],
  ['data.lastDay', 'invalid-date'],
  ['data.endsAt', 'invalid-time'],
  ['data.endDate', 'invalid-date'],
  ['data.timeZone', 'invalid-time-zone'],
  ['data.attributes', 'invalid-attributes'],
  ['data.attributes.*', 'invalid-attributes'],
  ['data.previousWorkerId', 'invalid-id'],
  ['data.revises.source', 'invalid-source'],
  ['data.revises.id', 'invalid-id'],
  ['data.spans', 'invalid-spans'],
  ['data.spans.*.employmentId', 'invalid-id'],
  ['data.spans.*.from', 'invalid-date'],
  ['data.spans.*.until', 'invalid-date'],
  ['data.spans.*.attributes', 'invalid-attributes'],
  ['data.spans.*.attributes.*', 'invalid-attributes'],
]);
const contractNames = new Set([...reasons.keys()].flatMap((path) => path.split('.')));

/** A path that may be shown: names chosen by the sender may contain personal data. */
export function fieldOf(path: readonly PropertyKey[]): string {
  return path.map((name) => (contractNames.has(String(name)) ? String(name) : '*')).join('.');
}

/** The first issue of the schema with `message`, in the terms of the contract. */
export function faultOf(error: z.ZodError, message: unknown): Fault {
  const issue = error.issues[0];
  if (issue === undefined) return { reason: 'wrong-type', rule: 'the event contract' };
  return faultOfIssue(issue, message);
}

export function faultOfIssue(issue: z.core.$ZodIssue, message: unknown): Fault {
  const field = fieldOf(issue.path);
  const value = valueAt(message, issue.path);
  // The CloudEvents JSON format reads null as absent, in the envelope.
  const missing = value === undefined || (value === null && issue.path.length === 1);
  const rule = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? '') : issue.message;
  return { reason: missing ? 'missing-member' : reasonOf(issue, field, value), field, rule };
}

function reasonOf(issue: z.core.$ZodIssue, field: string, value: unknown): RejectionReason {
  // A number that is too large (1e999) or has a fraction is still a number to its sender.
  if (issue.code === 'invalid_type' && typeof value !== 'number') return 'wrong-type';
  if (issue.code === 'invalid_type' && field !== 'data.sequence') return 'wrong-type';
  const stated = RejectionReason.safeParse(issue.code === 'custom' && issue.params?.['reason']);
  return stated.data ?? reasons.get(field) ?? 'wrong-type';
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Record<PropertyKey, unknown>)[name]
        : undefined,
    value,
  );
}
