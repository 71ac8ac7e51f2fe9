import { checkCatalogs } from './checks/catalogs';
import { checkClock } from './checks/clock';
import { checkDeadLetters, checkQueue } from './checks/queue';
import { checkDialect } from './checks/dialect';
import { checkGraph } from './checks/graph';
import { checkHost } from './checks/host';
import { checkIdentity } from './checks/identity';
import { checkLicence } from './checks/licence';
import { checkMatch } from './checks/match';
import { checkModel } from './checks/model';
import { checkPackages } from './checks/packages';
import { checkPermissions } from './checks/permissions';
import { checkPolicies } from './checks/policies';
import { checkResources } from './checks/resources';
import { checkAudit, checkRecords } from './checks/stores';
import type { Finding } from './finding';
import type { Patient } from './patient';

type Check = { name: string; check: (patient: Patient) => Promise<Finding[]> };

/** Every look after those at Node and the settings, in the order in which they are told. */
export const checks: readonly Check[] = [
  { name: 'model', check: checkModel },
  { name: 'records', check: checkRecords },
  { name: 'audit', check: checkAudit },
  { name: 'queue', check: checkQueue },
  { name: 'dead-letters', check: checkDeadLetters },
  { name: 'host', check: checkHost },
  { name: 'dialect', check: checkDialect },
  { name: 'graph', check: checkGraph },
  { name: 'clock', check: checkClock },
  { name: 'identity', check: checkIdentity },
  { name: 'permissions', check: checkPermissions },
  { name: 'licence', check: checkLicence },
  { name: 'catalogs', check: checkCatalogs },
  { name: 'packages', check: checkPackages },
  { name: 'policies', check: checkPolicies },
  { name: 'resources', check: checkResources },
  { name: 'match', check: checkMatch },
];
