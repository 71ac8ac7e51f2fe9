import { z } from 'zod';

/** What a run can wait for: people and other systems first, then calls that fail temporarily. */
export const WaitingFor = z.enum([
  'directory',
  'account',
  'approval',
  'delivery',
  'throttling',
  'sign-in',
  'worker-lock',
  'call',
]);
export type WaitingFor = z.infer<typeof WaitingFor>;

/** What an open event waits for, from when on and until when at most (ISO 8601). `reason`: the code of the last answer. */
export const Waiting = z.object({
  for: WaitingFor,
  reason: z.string().optional(),
  since: z.string(),
  until: z.string().optional(),
});
export type Waiting = z.infer<typeof Waiting>;
