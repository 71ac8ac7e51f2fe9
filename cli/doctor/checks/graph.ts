import { describeAccount } from '../../../shared/config/identity';
import { clouds } from '../../../shared/graph/graph-root';
import { GraphError } from '../../../shared/graph/errors';
import { SIGN_IN } from '../../graph';
import type { DoctorContext } from '../context';
import { fault, notChecked, ok, warning, type Finding } from '../finding';

/** Whether Graph has the routes of the dialect: Microsoft Graph has none of the draft dialect. */
export function checkDialect({ config, root }: DoctorContext): Promise<Finding[]> {
  const { dialect } = config.graph;
  const published = Object.values(clouds).some((cloud) => new URL(root).origin === cloud.root);
  if (dialect !== 'draft' || !published) return Promise.resolve([ok(`${dialect} at ${root}`)]);
  return Promise.resolve([
    fault({
      name: 'draft-against-graph',
      about: 'GRAPH_DIALECT',
      text: `${root} has none of the draft routes`,
      todo: 'set GRAPH_DIALECT=v1.0, or GRAPH_URL to the gateway that has them',
    }),
  ]);
}

/** Whether Graph answers, and which tenant it is. */
export async function checkGraph({ tenant, root }: DoctorContext): Promise<Finding[]> {
  try {
    const [organization] = await tenant.organization();
    return [ok(`${root} answers for the tenant ${organization?.id ?? 'without an id'}`)];
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const { status, code } = error.fault;
    if (status === 403)
      return [ok(`${root} answers; which tenant it is, this account may not see`)];
    if (code === 'no-token') {
      return [notChecked('nobody is signed in to Graph', SIGN_IN)];
    }
    const todo = 'check GRAPH_URL, GRAPH_CLOUD, the network and https://status.cloud.microsoft';
    return [fault({ name: 'graph-unreachable', about: root, text: error.message, todo })];
  }
}

/** A token is valid from and until a time, with five minutes of tolerance; the header is accurate to a second. */
const REFUSED_AFTER_S = 300;
const ODD_AFTER_S = 30;

/** Whether this clock agrees with the Date header of Graph. */
export async function checkClock({ tenant }: Pick<DoctorContext, 'tenant'>): Promise<Finding[]> {
  const asked = Date.now();
  const there = await tenant.clock();
  if (there === undefined) return [ok('Graph sends no Date header')];
  const seconds = Math.round(((asked + Date.now()) / 2 - there.getTime()) / 1000);
  const away = Math.abs(seconds);
  if (away < ODD_AFTER_S) return [ok(`${away} s from the clock of Graph`)];
  const problem = {
    name: 'clock-skew',
    text: `this clock is ${away} s ${seconds > 0 ? 'ahead of' : 'behind'} that of Graph`,
    todo: 'synchronise it; tokens are refused beyond five minutes',
  };
  return [away < REFUSED_AFTER_S ? warning(problem) : fault(problem)];
}

/** Who reads Graph, and for which identity. Ids only. */
export function checkIdentity({
  identity,
  account,
  isLoopback,
}: DoctorContext): Promise<Finding[]> {
  const app = identity === undefined ? "the app's identity is not given" : `the app is ${identity}`;
  const who = isLoopback.graph
    ? 'no sign-in: loopback http carries no token'
    : account && describeAccount(account);
  return Promise.resolve([
    who === undefined ? notChecked('nobody is signed in to Graph', SIGN_IN) : ok(`${who}; ${app}`),
  ]);
}

/**
 * Service plans that carry entitlement management.
 * Source: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
 */
const PLANS: Readonly<Record<string, string>> = {
  'eec0eb4f-6444-4f95-aba0-50c24d67f998': 'Microsoft Entra ID P2',
  'e866a266-3cff-43a3-acca-0c90a7e00c8b': 'Microsoft Entra ID Governance',
};
const USABLE = ['enabled', 'warning'];

/** Whether the tenant has a plan with entitlement management. Does not check that every person has one. */
export async function checkLicence({ tenant }: DoctorContext): Promise<Finding[]> {
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
      todo: `get ${Object.values(PLANS).join(' or ')} for the people who get access`,
    }),
  ];
}
