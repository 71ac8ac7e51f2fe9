import type { Operation } from '../http/call';
import type { Routes } from '../http/route-tree';
import { requireDirectoryPermission } from './directory';
import { requireEntitlement } from './entitlements';

const management = /^\/[^/]+\/identityGovernance\/entitlementManagement/;

/** Routes that answer only a caller that may: see `Tenant.caller`. */
export function guarded(routes: Routes): Routes {
  return Object.fromEntries(
    Object.entries(routes).map(([path, methods]) => [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, operation]) => [
          method,
          operation && guard(path, method, operation),
        ]),
      ),
    ]),
  );
}

const guard =
  (path: string, method: string, operation: Operation): Operation =>
  (call) => {
    if (call.tenant.caller.id !== undefined) {
      if (management.test(path)) requireEntitlement(call, path.replace(management, ''), method);
      else requireDirectoryPermission(call.tenant, path, method);
    }
    return operation(call);
  };
