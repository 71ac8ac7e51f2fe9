/** The version that each of the five documents is served under, such as `v1.0`. */
export type DraftRoots = Record<'000' | '001' | '002' | '003' | '004', string>;

/** As the documents' own examples have them. */
const exampleRoots: DraftRoots = {
  '000': 'v1.0',
  '001': 'beta',
  '002': 'beta',
  '003': 'beta',
  '004': 'localtest',
};

/** Reads roots such as `003=beta,004=localtest`; a document that is left out keeps its own. Throws on anything else. */
export function readDraftRoots(text: string): DraftRoots {
  const roots = { ...exampleRoots };
  for (const pair of text.split(',').filter((one) => one.trim() !== '')) {
    const [, document, root] = /^\s*(\d{3})=([\w-]+(?:\.[\w-]+)*)\s*$/.exec(pair) ?? [];
    if (document === undefined || root === undefined || !isDocument(document)) {
      throw new Error(
        `GRAPH_DRAFT_ROOTS names roots by document, such as "003=beta", but has "${pair}"`,
      );
    }
    roots[document] = root;
  }
  return roots;
}

const isDocument = (name: string): name is keyof DraftRoots => Object.hasOwn(exampleRoots, name);
