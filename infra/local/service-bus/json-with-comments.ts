const STRING_OR_COMMENT = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/**
 * Parses JSON that may hold `//` and block comments, as the official emulator's own samples do. Comments become blanks
 * of the same length, so that the position in a syntax error is the position in the file. Throws SyntaxError.
 */
export function parseJsonWithComments(text: string): unknown {
  const blanked = text.replace(STRING_OR_COMMENT, (found) =>
    found.startsWith('"') ? found : found.replace(/[^\n]/g, ' '),
  );
  return JSON.parse(blanked.replace(/^\uFEFF/, ''));
}
