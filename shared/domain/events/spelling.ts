/** Equal for texts that differ only by case, white space and Unicode form. */
export const folded = (text: string): string =>
  text.normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, '');
