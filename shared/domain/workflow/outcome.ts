import { z } from 'zod';

/** What is known of the Graph answer behind an outcome; goes into the audit row. Codes and ids only. */
export const Evidence = z.object({
  graphStatus: z.number().int().optional(),
  errorCode: z.string().optional(),
  graphRequestId: z.string().optional(),
});
export type Evidence = z.infer<typeof Evidence>;

/** Not now: the orchestration waits `afterSeconds` on a durable timer and calls again, within a bound. */
export const Later = z.object({
  kind: z.literal('later'),
  afterSeconds: z.number().nonnegative(),
  why: z.string(),
  evidence: Evidence.optional(),
});
export type Later = z.infer<typeof Later>;

/** The business says no: nobody's defect, no retry. `reason` is a code such as `refused-sod` or `denied`. */
export const Rejected = z.object({
  kind: z.literal('rejected'),
  reason: z.string(),
  evidence: Evidence.optional(),
});
export type Rejected = z.infer<typeof Rejected>;

/** A person must look: wrong configuration, missing permission, drift, or a defect. `why` is a code. */
export const Failed = z.object({
  kind: z.literal('failed'),
  why: z.string(),
  evidence: Evidence.optional(),
});
export type Failed = z.infer<typeof Failed>;

/** Every activity's answer: an outcome is a value, an exception is a defect. */
export const outcomeOf = <Shape extends z.ZodRawShape>(done: Shape) =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('done'), ...done }),
    Later,
    Rejected,
    Failed,
  ]);
export type Outcome<Done extends object = object> =
  ({ kind: 'done' } & Done) | Later | Rejected | Failed;
