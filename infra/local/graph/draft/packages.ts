import { addIncompatible, createPackage, requirePackage } from '../services/packages';
import type { Answer, Call, Operation } from '../http/call';
import { list, one, type Listing } from '../odata/entities';
import { flag, guidAt, id, optionalText, text } from '../odata/read';
import type { AccessPackage } from '../state/rows';
import { documentedBody, draft, requireMembers } from './documented';
import { accessPackage, describedPackage } from './entities';
import { typeNames } from './type-names';

export const filterable: Listing<AccessPackage>['filterable'] = {
  id: { is: 'guid', value: (row) => row.id },
  displayName: { is: 'text', value: (row) => row.displayName },
};

const packages: Listing<AccessPackage> = {
  filterable,
  candidates: ({ tenant, view }, equals) => {
    const name = equals('displayName');
    return name === undefined
      ? tenant.tables.accessPackages.all(view)
      : tenant.tables.accessPackages.find('displayName', name, view);
  },
};

export const listPackages = (call: Call): Answer => list(draft, accessPackage, packages, call);

export const readPackage = (call: Call): Answer =>
  one(draft, accessPackage, requirePackage(call.tenant, call.view, guidAt(call)), call);

/**
 * Document 001. It calls all properties optional, but a package without a name could not be found again by 000. The dates
 * that it lists are the service's own: given ones are not believed.
 */
export function postPackage(call: Call): Answer {
  const body = documentedBody(call, 'describedAccessPackage', typeNames.accessPackage);
  const made = createPackage(call.tenant, call.view, {
    displayName: text(body, 'displayName'),
    description: optionalText(body, 'description'),
    isHidden: flag(body, 'isHidden', false),
    catalogId: undefined,
  });
  return { status: 201, body: describedPackage(made) };
}

/**
 * Document 002. Of what it requires, all must be there that a read tells of the package; the catalog of a package that got
 * it with its first role may have been unknown to that read.
 */
export const postIncompatible =
  (told: (row: AccessPackage, call: Call) => Record<string, unknown>): Operation =>
  (call) => {
    const body = documentedBody(call, 'accessPackage', typeNames.accessPackage);
    const other = requirePackage(call.tenant, call.view, id(body, 'id'));
    const required = Object.entries(told(other, call))
      .filter(([member, value]) => value !== null && !member.startsWith('@'))
      .map(([member]) => member)
      .filter((member) => member !== 'catalogId' || other.catalogByRole !== true);
    requireMembers(body, required);
    addIncompatible(call.tenant, call.view, guidAt(call), other.id);
    return { status: 204 };
  };
