import { requireCatalog } from '../services/catalogs';
import {
  deleteCatalog,
  deletePackage,
  deletePolicy,
  deleteRequest,
  deleteRoleScope,
} from '../services/deletions';
import { requirePackage } from '../services/packages';
import { requirePolicy } from '../services/policies';
import { idAt, type Call, type Operation } from '../http/call';
import { guidAt } from '../odata/read';
import { requestAt } from './requests';

/*
 * Deleting, which v1.0 and beta have alike but for the names in the address. Each is answered 204 without a body; the
 * pages are named at the acts.
 */

/** Deletes what a replica knows and what truly is there. */
const gone =
  <Row>(
    find: (call: Call, known: boolean) => Row,
    remove: (call: Call, row: Row) => void,
  ): Operation =>
  (call) => {
    find(call, true);
    remove(call, find(call, false));
    return { status: 204 };
  };

const view = (call: Call, known: boolean) => (known ? call.view : undefined);

export const deleteCatalogAt = gone(
  (call, known) => requireCatalog(call.tenant, view(call, known), guidAt(call)),
  ({ tenant }, row) => deleteCatalog(tenant, row),
);

export const deletePackageAt = gone(
  (call, known) => requirePackage(call.tenant, view(call, known), guidAt(call)),
  ({ tenant }, row) => deletePackage(tenant, row),
);

export const deletePolicyAt = gone(
  (call, known) => requirePolicy(call.tenant, view(call, known), guidAt(call)),
  ({ tenant }, row) => deletePolicy(tenant, row),
);

export const deleteRoleScopeAt = gone(
  (call, known) => requirePackage(call.tenant, view(call, known), guidAt(call)),
  (call, { id }) => deleteRoleScope(call.tenant, id, idAt(call, 1)),
);

export const deleteRequestAt = gone(
  (call, known) => requestAt(call, view(call, known)),
  ({ tenant }, row) => deleteRequest(tenant, row),
);
