import {
  findMixedAudit,
  findSecrets,
  findUnlocked,
  findUnlogged,
  findUnseenAudit,
} from './companions';
import type { Finding } from './finding';
import { findRefusedByFlex } from './flex';
import { findUnsafeProperties } from './required';
import { findCustomRoles, findRoles } from './roles';
import { resourcesOf, type JsonObject } from './template';

/**
 * What in a compiled template is weaker than this project promises: keys, open doors, too much power, proof that could be
 * changed or lost, and nobody to see it; and what its plan would refuse. Pure, so that it runs where there is no Bicep.
 */
export function weaknessesOf(template: string): Finding[] {
  const resources = resourcesOf(JSON.parse(template) as JsonObject);
  return [
    ...findUnsafeProperties(resources),
    ...findRoles(resources),
    ...findCustomRoles(resources),
    ...findUnlogged(resources),
    ...findUnlocked(resources),
    ...findMixedAudit(resources),
    ...findUnseenAudit(resources),
    ...findSecrets(resources, template),
    ...findRefusedByFlex(resources),
  ];
}
