import { pathOf, rootOf } from '../../../shared/domain/evidence/merkle';
import {
  rootMatches,
  NO_ROOT,
  proofOf,
  sealOf,
  type SealLeaf,
} from '../../../shared/domain/evidence/seal';

/* The trees of the test vectors that certificate logs share. Source: certificate-transparency, merkletree tests. */
const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657']
  .concat('606162636465666768696a6b6c6d6e6f')
  .map((hex) => Buffer.from(hex, 'hex'));
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('roots are those of the published vectors', () => {
  expect(ROOTS.map((_, size) => rootOf(ENTRIES.slice(0, size)))).toEqual(ROOTS);
});

test('paths are those of the published vectors', () => {
  expect(pathOf(0, ENTRIES)).toEqual([
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ]);
  expect(pathOf(0, ENTRIES.slice(0, 1))).toEqual([]);
  expect(() => pathOf(8, ENTRIES)).toThrow(RangeError);
});

const leaf = (digit: string, attempt = 1): SealLeaf => ({
  ...{ eventHash: digit.repeat(64), attempt, seq: 2, head: digit.repeat(64) },
  trail: digit.repeat(16),
});

test('the root of a seal covers its hour, the root before and every leaf, in any order they came', () => {
  const seal = sealOf({ hour: '2026-11-28T13', previous: NO_ROOT, leaves: [leaf('b'), leaf('a')] });
  expect(sealOf({ ...seal, leaves: [leaf('a'), leaf('b')] })).toEqual(seal);
  expect(rootMatches(seal)).toBe(true);
  for (const change of [
    { hour: '2026-11-28T14' },
    { previous: '1'.repeat(64) },
    { leaves: seal.leaves.slice(1) },
    { leaves: [...seal.leaves, leaf('c')] },
    { leaves: [leaf('a', 2), leaf('b')] },
  ])
    expect(rootMatches({ ...seal, ...change })).toBe(false);
});

test('a proof names the place of its leaf and leads to the root', () => {
  const seal = sealOf({ hour: '2026-11-28T13', previous: NO_ROOT, leaves: [leaf('a'), leaf('b')] });
  const proof = proofOf(seal, seal.leaves[1] as SealLeaf);
  expect(proof).toMatchObject({ index: 2, size: 3, root: seal.root, leaf: leaf('b') });
  expect(proof.path).toHaveLength(1);
});
