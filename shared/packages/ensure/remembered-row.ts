import type { Later } from '../../domain/workflow/outcome';
import type { Slot } from '../../storage/package-record';

/** A row as it was last read or saved. `change` answers `later` if somebody else wrote it meanwhile: start over. */
export type RememberedRow<Row> = {
  now: () => Row;
  change: (members: Partial<Row>) => Promise<Later | undefined>;
};

/** Loads a row; nothing is stored of a `blank` one until the first change. */
export async function rememberedRow<Row>(slot: Slot<Row>, blank: Row): Promise<RememberedRow<Row>> {
  let row = (await slot.load()) ?? blank;
  return {
    now: () => row,
    change: async (members) => {
      row = { ...row, ...members };
      if ((await slot.save(row)) === 'saved') return undefined;
      return { kind: 'later', why: 'changed-meanwhile', afterSeconds: 1 };
    },
  };
}
