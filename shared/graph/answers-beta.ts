import { z } from 'zod';
import { present, type AssignmentPolicy } from './answers';

const text = z.string().nullish();
const number = z.number().nullish();

const Approver = z
  .object({ '@odata.type': text, id: text, managerLevel: number })
  .transform((approver) => {
    const kind = approver['@odata.type']?.replace(/^#?microsoft\.graph\./, '');
    return {
      userId: kind === 'singleUser' ? approver.id : undefined,
      groupId: kind === 'groupMembers' ? approver.id : undefined,
      managerLevel: kind === 'requestorManager' ? approver.managerLevel : undefined,
    };
  });

const ApprovalStage = z
  .object({ approvalStageTimeOutInDays: number, primaryApprovers: z.array(Approver).nullish() })
  .transform(({ approvalStageTimeOutInDays: days, primaryApprovers }) => ({
    durationBeforeAutomaticDenial: days == null ? undefined : `P${days}D`,
    primaryApprovers,
  }));

/**
 * A policy of beta in the terms of v1.0, which keeps lifetime and approval in other members.
 * Source: https://learn.microsoft.com/graph/api/resources/accesspackageassignmentpolicy?view=graph-rest-beta
 */
export const BetaAssignmentPolicy = z
  .object({
    id: z.string(),
    displayName: text,
    description: text,
    accessPackageId: text,
    durationInDays: number,
    expirationDateTime: text,
    requestorSettings: z.object({ scopeType: text }).nullish(),
    accessReviewSettings: z.unknown().optional(),
    canExtend: z.unknown().optional(),
    requestApprovalSettings: z
      .object({
        isApprovalRequired: z.boolean().nullish(),
        approvalStages: z.array(ApprovalStage).nullish(),
      })
      .nullish(),
  })
  .transform(({ requestApprovalSettings: approval, ...answer }): AssignmentPolicy => ({
    id: answer.id,
    displayName: answer.displayName,
    description: answer.description,
    accessPackageId: answer.accessPackageId ?? undefined,
    expiration: expirationOf(answer),
    requestorSettings: answer.requestorSettings,
    requestApprovalSettings: {
      isApprovalRequiredForAdd: approval?.isApprovalRequired,
      stages: approval?.approvalStages,
    },
    // Beta does not tell.
    automatic: false,
    kept: present({
      accessReviewSettings: answer.accessReviewSettings,
      canExtend: answer.canExtend,
    }),
  }));

type Lifetime = {
  durationInDays?: number | null | undefined;
  expirationDateTime?: string | null | undefined;
};

function expirationOf({ durationInDays, expirationDateTime }: Lifetime) {
  if (expirationDateTime) return { type: 'afterDateTime', endDateTime: expirationDateTime };
  if (durationInDays) return { type: 'afterDuration', duration: `P${durationInDays}D` };
  return { type: 'noExpiration' };
}
