import { z } from 'zod';

const root = (fallback: string) =>
  z
    .string()
    .regex(/^[\w-]+(\.[\w-]+)*$/)
    .default(fallback);

/** The defaults are the roots of the documents' own examples. */
const Roots = z.strictObject({
  '000': root('v1.0'),
  '001': root('beta'),
  '002': root('beta'),
  '003': root('beta'),
  '004': root('localtest'),
});

/** Roots of the draft dialect by document, such as `003=beta,004=localtest`; what is left out keeps its default. */
export const draftRoots = z
  .string()
  .default('')
  .transform((text, context) => {
    const pairs = text.split(',').filter((pair) => pair.trim() !== '');
    const given = pairs.map((pair) => pair.split('=').map((part) => part.trim()));
    const roots = Roots.safeParse(Object.fromEntries(given));
    if (roots.success && given.every((pair) => pair.length === 2)) return roots.data;
    context.addIssue('roots by document such as "003=beta,004=localtest"');
    return z.NEVER;
  });
