import type { Call } from '../http/call';
import { checkBody, type Body } from '../odata/check-body';
import type { Dialect } from '../odata/entities';
import { model } from './model/model';

export const beta: Dialect = { model };

/** The root of entitlement management in this dialect. */
export const root = '/beta/identityGovernance/entitlementManagement';

/** The body of a call, held to a type of the model. */
export const bodyOf = (call: Call, type: string): Body => checkBody(model, type, call.body ?? {});
