/** The version that each document is sent to: `v1.0`, `beta`, or whatever the gateway has. */
export type DraftRoots = Record<'000' | '001' | '002' | '003' | '004', string>;

/** As the examples of the documents have them. */
export const draftRoots: DraftRoots = {
  '000': 'v1.0',
  '001': 'beta',
  '002': 'beta',
  '003': 'beta',
  '004': 'localtest',
};
