import { z } from 'zod';

const text = z.string().nullish();
const flag = z.boolean().nullish();

/** All that the document on incompatible packages names of a package, as far as the read tells it. */
export const PackageProperties = z.object({
  id: z.string(),
  catalogId: text,
  createdBy: text,
  createdDateTime: text,
  description: text,
  displayName: text,
  isHidden: flag,
  isRoleScopesVisible: flag,
  modifiedBy: text,
  modifiedDateTime: text,
});
export type PackageProperties = z.infer<typeof PackageProperties>;
