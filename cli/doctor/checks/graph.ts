import { GraphError } from '../../../shared/graph/errors';
import { fault, notChecked, ok, type Finding } from '../finding';
import { SIGN_IN } from '../../graph';
import type { Patient } from '../patient';

/** Whether Graph answers, and which tenant it is. */
export async function checkGraph({ tenant, root }: Patient): Promise<Finding[]> {
  try {
    const [organization] = await tenant.organization();
    return [ok(`${root} answers for the tenant ${organization?.id ?? 'without an id'}`)];
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const { status, code } = error.fault;
    if (status === 403)
      return [ok(`${root} answers; which tenant it is, it does not tell this account`)];
    if (code === 'no-token') {
      return [notChecked('nobody is signed in to Graph', SIGN_IN)];
    }
    const todo = 'check GRAPH_URL, GRAPH_CLOUD, the network and https://status.cloud.microsoft';
    return [fault({ name: 'graph-unreachable', about: root, text: error.message, todo })];
  }
}
