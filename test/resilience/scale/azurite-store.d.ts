// Azurite ships no types for its server classes; only what this folder uses is declared.

declare module 'azurite/dist/src/table/persistence/LokiTableMetadataStore' {
  type Found = { where: (fits: (row: object) => boolean) => Found };
  export type Collection = {
    chain: () => Found & { find: (query: object) => Found };
    insert: (rows: object[]) => void;
  };
  export default class LokiTableMetadataStore {
    getEntityCollection(account: string, table: string, context: object): Collection;
    queryTableEntities(
      context: object,
      account: string,
      table: string,
      options: { filter?: string },
      ...place: unknown[]
    ): Promise<unknown>;
  }
}
