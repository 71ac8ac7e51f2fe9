/**
 * Lock tokens travel as delivery tags in .NET's Guid byte order and over `$management` as uuids in RFC 4122 order; the
 * two differ in the first three fields. The conversion is its own inverse.
 */
export function swapGuidBytes(guid: Buffer): Buffer {
  const swapped = Buffer.from(guid);
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped;
}
