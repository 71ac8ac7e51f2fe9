import { z } from 'zod';

/** The Graph answer behind an outcome, for the audit row. Codes and ids only. */
export const Evidence = z.object({
  graphStatus: z.number().int().optional(),
  errorCode: z.string().optional(),
  graphRequestId: z.string().optional(),
});
export type Evidence = z.infer<typeof Evidence>;

/** Not now: the orchestration waits at least `afterSeconds` on a durable timer and calls again, within its retry budget. */
export const Later = z.object({
  kind: z.literal('later'),
  afterSeconds: z.number().nonnegative(),
  why: z.string(),
  /** When the wait is over, if that is known (ISO 8601 in UTC): it is exact, and is not widened. */
  until: z.string().optional(),
  evidence: Evidence.optional(),
  /** How much of its work the operation has done: a higher number than before begins every wait anew. */
  workDone: z.number().int().nonnegative().optional(),
  /** What is waited for is not expected before this time: its budget begins then. */
  waitFrom: z.string().optional(),
});
export type Later = z.infer<typeof Later>;

/** A final refusal that is not a fault, such as `refused-sod` or `denied`. Not retried. */
export const Rejected = z.object({
  kind: z.literal('rejected'),
  reason: z.string(),
  /** What the reason is about, as an id of the access model: the closing row's reason where `reason` is its outcome. */
  about: z.string().optional(),
  evidence: Evidence.optional(),
});
export type Rejected = z.infer<typeof Rejected>;

/** A person has to act: wrong configuration, missing permission, drift, or a defect. `why` is a code. */
export const Failed = z.object({
  kind: z.literal('failed'),
  why: z.string(),
  /** As of Rejected. */
  about: z.string().optional(),
  evidence: Evidence.optional(),
});
export type Failed = z.infer<typeof Failed>;

/** The answer of every activity. Outcomes are values; an exception is a defect. */
export const outcomeOf = <Shape extends z.ZodRawShape>(done: Shape) =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('done'), ...done }),
    Later,
    Rejected,
    Failed,
  ]);
export type Outcome<Done extends object = object> =
  ({ kind: 'done' } & Done) | Later | Rejected | Failed;
