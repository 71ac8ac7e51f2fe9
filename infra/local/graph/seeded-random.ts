/**
 * A number in [0, 1) that depends on nothing but its inputs, so that a run repeats from its seed. The mixing is
 * MurmurHash3's 32-bit finaliser applied to each part.
 */
export function chance(seed: number, ...parts: readonly number[]): number {
  let mixed = mix(seed | 0);
  for (const part of parts) mixed = mix(mixed ^ mix(part | 0) ^ 0x9e3779b9);
  return mixed / 2 ** 32;
}

function mix(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
