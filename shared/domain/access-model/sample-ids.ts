/**
 * How the object ids of the sample directory begin: `1` groups, `2` people, `3` applications and their roles, `4`
 * identities, `5` the tenant. Ids of a real directory are random.
 */
const SAMPLE_ID = /^[1-5][01]000000-/;

/** The places in an access model, such as `accessPackages[0].resources[0].originId`, that hold an id of the sample directory. */
export function sampleIdsIn(value: unknown, at = ''): string[] {
  if (typeof value === 'string') return SAMPLE_ID.test(value) ? [at] : [];
  if (Array.isArray(value))
    return value.flatMap((each, index) => sampleIdsIn(each, `${at}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    sampleIdsIn(each, at === '' ? name : `${at}.${name}`),
  );
}

/** Says what to change if a model names objects of the sample directory; undefined if it names none. */
export function sampleFault(model: unknown): string | undefined {
  const [first, ...others] = sampleIdsIn(model);
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return (
    `the access model is that of the sample directory, which no tenant has: ${first}${more} must be the object id of a ` +
    'group, application, role or person of your tenant. Set ACCESS_MODEL to your own model, or replace these ids'
  );
}
