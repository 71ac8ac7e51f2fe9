import { fault, ok, type Finding } from '../finding';
import type { Patient } from '../patient';

/**
 * Service plans that carry entitlement management.
 * Source: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
 */
const PLANS: Readonly<Record<string, string>> = {
  'eec0eb4f-6444-4f95-aba0-50c24d67f998': 'Microsoft Entra ID P2',
  'e866a266-3cff-43a3-acca-0c90a7e00c8b': 'Microsoft Entra ID Governance',
};
const USABLE = ['enabled', 'warning'];

/** Whether the tenant has bought a plan with entitlement management. Whether every person has one is not asked. */
export async function checkLicence({ tenant }: Patient): Promise<Finding[]> {
  const skus = await tenant.skus();
  const plans = skus
    .filter(({ capabilityStatus }) => USABLE.includes(capabilityStatus?.toLowerCase() ?? ''))
    .flatMap(({ servicePlans }) => servicePlans ?? [])
    .filter(({ provisioningStatus }) => provisioningStatus?.toLowerCase() === 'success')
    .flatMap(({ servicePlanId }) => PLANS[servicePlanId.toLowerCase()] ?? []);
  if (plans.length > 0) return [ok([...new Set(plans)].join(', '))];
  return [
    fault({
      name: 'licence-missing',
      text: 'the tenant has no plan with entitlement management',
      todo: `get ${Object.values(PLANS).join(' or ')} for the people who are given access`,
    }),
  ];
}
