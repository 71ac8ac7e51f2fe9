import type { Body } from '../odata/check-body';
import { flag, optionalText, text } from '../odata/read';
import type { AccessPackage } from '../state/rows';

/** How a package is described after a change: what the body leaves out stays. */
export const describedBy = (
  body: Body,
  current: AccessPackage,
): Pick<AccessPackage, 'displayName' | 'description' | 'isHidden'> => ({
  displayName: 'displayName' in body ? text(body, 'displayName') : current.displayName,
  description: 'description' in body ? optionalText(body, 'description') : current.description,
  isHidden: flag(body, 'isHidden', current.isHidden),
});
